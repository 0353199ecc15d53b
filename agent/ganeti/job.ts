import type { JsonObject, JsonValue } from './json-value.js'
import type { OpStatus } from './status.js'

declare const jobIdBrand: unique symbol

/** Number of a job: positive, given once per cluster in order of submission, never used again (gaps happen). */
export type JobId = number & { readonly [jobIdBrand]: true }

/** Ganeti's time stamp: whole seconds since 1970 and microseconds. */
export interface EventTime {
  readonly seconds: number
  readonly microseconds: number
}

/** A job as its queue file tells it; only what the suite uses (`src/Ganeti/JQueue/Objects.hs`). */
export interface Job {
  readonly id: JobId
  readonly receivedTime: EventTime | undefined
  readonly startTime: EventTime | undefined
  /** Set exactly when the job is finalized. */
  readonly endTime: EventTime | undefined
  /** At least one, in order of execution. */
  readonly ops: readonly Op[]
}

/** One opcode of a job. */
export interface Op {
  /** `OP_INSTANCE_CREATE` and the like; also words that this version does not know. */
  readonly opcode: string
  /** Parameters on the allow-list of `job-decoder.ts`; nothing else of the input is ever read. */
  readonly input: JsonObject
  readonly status: OpStatus
  /** As stored; undefined when it was larger than the cap. */
  readonly result: JsonValue | undefined
  /** The newest log entry, if there is one. */
  readonly lastLog: LogEntry | undefined
  /** Its plain log lines, in order; of a job only those with a serial up to {@link maxLogSerial}. */
  readonly log: readonly LogLine[]
  /** When it began to wait for locks. */
  readonly startTime: EventTime | undefined
  /** When it got its locks; absent when it never ran. */
  readonly execTime: EventTime | undefined
  /** Absent also for ops that were ended together with an earlier one (`MarkUnfinishedOps`). */
  readonly endTime: EventTime | undefined
}

/** A job's log is read up to this entry: a log has no limit in Ganeti, and nobody reads the line after the four thousandth. */
export const maxLogSerial = 4000

/** One entry of an op's log that is a plain text. */
export interface LogLine {
  readonly serial: number
  readonly time: EventTime
  /** At most a thousand characters. */
  readonly text: string
}

/** One line of an op's log. */
export interface LogEntry {
  /** Job-wide, starts at 1, strictly increasing. */
  readonly serial: number
  readonly time: EventTime
  /** `message`, `remote-import` and others (`src/Ganeti/Types.hs`, `ELogType`). */
  readonly type: string
  /** A string for type `message`; may be any value for others. */
  readonly message: JsonValue
}

/** A job id from a number or its text, or undefined. */
export function parseJobId(value: unknown): JobId | undefined {
  const id = typeof value === 'string' && /^[1-9]\d*$/.test(value) ? Number(value) : value
  return isJobId(id) ? id : undefined
}

function isJobId(value: unknown): value is JobId {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
}

/** Orders time stamps: negative when `a` is earlier. */
export function compareTimes(a: EventTime, b: EventTime): number {
  return a.seconds - b.seconds || a.microseconds - b.microseconds
}

/** `[seconds, microseconds]` as a value, or undefined for anything else, null and times before 1970 included. */
export function parseEventTime(value: JsonValue | undefined): EventTime | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined
  const [seconds, microseconds]: readonly unknown[] = value
  if (typeof seconds !== 'number' || typeof microseconds !== 'number') return undefined
  if (!Number.isSafeInteger(seconds) || !Number.isSafeInteger(microseconds)) return undefined
  if (seconds < 0 || microseconds < 0) return undefined
  return { seconds, microseconds }
}
