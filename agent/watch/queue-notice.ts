import type { JobId } from '#ganeti/job.js'
import type { JobReading } from './job-file.js'

/** What happened beside the jobs, for logs and counters. */
export type QueueNotice =
  | { readonly kind: 'watching'; readonly directory: string; readonly tookMs: number }
  | { readonly kind: 'missing-directory'; readonly directory: string }
  | {
      readonly kind: 'scanned'
      readonly listed: number
      /** Highest number that was given so far. */
      readonly highest: number
      readonly changed: number
      readonly tookMs: number
    }
  | { readonly kind: 'missing-jobs'; readonly ranges: readonly (readonly [number, number])[] }
  | { readonly kind: 'lost-jobs'; readonly ids: readonly JobId[] }
  | { readonly kind: 'unusable'; readonly id: JobId; readonly reading: JobReading }
  | { readonly kind: 'vanished'; readonly id: JobId }
  | { readonly kind: 'failed'; readonly what: 'trigger' | 'scan'; readonly error: unknown }
