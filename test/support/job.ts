import type { Job } from '#ganeti/job.js'
import { decodeJob } from '#ganeti/job-decoder.js'
import { invariant } from '#result.js'

/** A job from its file's text or parsed JSON; a text that is no job is a mistake of the test. */
export function jobOf(content: string | object): Job {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  const outcome = decodeJob(new TextEncoder().encode(text))
  invariant(outcome.ok, `the test's job file is no job: ${text.slice(0, 100)}`)
  return outcome.value
}

/** Parts of an op that a test cares about; the rest is what Ganeti would write. */
export interface OpParts {
  readonly status: string
  readonly input?: object
  readonly result?: unknown
  readonly log?: readonly unknown[]
  readonly start?: number
  readonly exec?: number
  readonly end?: number
}

/** A job file as Ganeti would write it; times are whole seconds. */
export function jobFile(id: number, ops: readonly OpParts[], end?: number): object {
  const time = (seconds: number | undefined) => (seconds === undefined ? null : [seconds, 0])
  return {
    id,
    received_timestamp: [100, 0],
    start_timestamp: time(ops[0]?.start),
    end_timestamp: time(end),
    ops: ops.map((op) => ({
      input: { OP_ID: 'OP_INSTANCE_STARTUP', instance_name: 'vm1.example', ...op.input },
      status: op.status,
      result: op.result ?? null,
      log: op.log ?? [],
      start_timestamp: time(op.start),
      exec_timestamp: time(op.exec),
      end_timestamp: time(op.end),
    })),
  }
}
