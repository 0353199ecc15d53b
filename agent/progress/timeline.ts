import { compareTimes, type EventTime, type Job, type LogLine, type Op } from '#ganeti/job.js'
import { isFinal, type OpStatus } from '#ganeti/status.js'
import { foldStatuses, type StatusRuns } from '#ganeti/status-runs.js'
import { loggedInstance } from './logged-instance.js'

/** One op of a job came to a status. */
export interface OpFact {
  readonly kind: 'op'
  readonly opIndex: number
  readonly status: OpStatus
  readonly time: EventTime
}

/** The ops of a job stood like this, from `time` on. */
export interface JobFact {
  readonly kind: 'job'
  readonly statuses: StatusRuns
  readonly time: EventTime
}

/** An op about an instance said something. */
export interface LogFact {
  readonly kind: 'log'
  readonly opIndex: number
  readonly line: LogLine
  readonly time: EventTime
}

/** Something that a job file proves to have happened. */
export type Fact = OpFact | JobFact | LogFact

/**
 * Everything that one version of a job file proves, in the order in which it happened: each status that each op passed
 * through, and after each step the statuses of all ops.
 *
 *     queued -> waiting -> running -> success | error
 *            \          `-> canceling -> canceled
 *             `-> canceled | error (luxid: canceled while queued, dead, not started)
 *
 * A file is rewritten faster than anybody reads it, so the statuses in between are taken from the op's time stamps:
 * waiting left `start_timestamp`, running `exec_timestamp`. What an op shows now comes last, so a status that went
 * back (a retry for locks, a restart of luxid) is no news, and one that went on to `error` (death detection) is.
 */
export function timeline(job: Job): readonly Fact[] {
  const received = job.receivedTime ?? job.startTime ?? job.endTime ?? epoch
  const statuses: OpStatus[] = job.ops.map(() => 'queued')
  const facts: Fact[] = job.ops.map((_, opIndex) => ({
    kind: 'op',
    opIndex,
    status: 'queued',
    time: received,
  }))
  facts.push({ kind: 'job', statuses: foldStatuses(statuses), time: received })
  for (const step of steps(job)) {
    for (const { opIndex, status, time } of step) {
      // an op begins only after those before it succeeded; where luxid overwrote that, it is inferred
      if (status === 'waiting') statuses.fill('success', 0, opIndex)
      statuses[opIndex] = status
      facts.push({ kind: 'op', opIndex, status, time })
    }
    const time = step.reduce((latest, fact) => later(latest, fact.time), step[0]?.time ?? received)
    facts.push({ kind: 'job', statuses: foldStatuses(statuses), time })
  }
  return withLogs(job, facts)
}

/** Puts the log lines of each op between its statuses, by time, and all of them before its end. */
function withLogs(job: Job, facts: readonly Fact[]): readonly Fact[] {
  const lines = job.ops.map((op) => (loggedInstance(op) === undefined ? [] : [...op.log]))
  if (lines.every(({ length }) => length === 0)) return facts
  const told: Fact[] = []
  const tell = (opIndex: number, before: EventTime | undefined): void => {
    const waiting = lines[opIndex] ?? []
    const later = before && waiting.findIndex(({ time }) => compareTimes(time, before) >= 0)
    const count = later === undefined || later < 0 ? waiting.length : later
    for (const line of waiting.splice(0, count))
      told.push({ kind: 'log', opIndex, line, time: line.time })
  }
  for (const fact of facts) {
    if (fact.kind === 'op' && fact.status !== 'queued')
      tell(fact.opIndex, isFinal(fact.status) ? undefined : fact.time)
    told.push(fact)
  }
  for (const opIndex of lines.keys()) tell(opIndex, undefined)
  return told
}

const epoch: EventTime = { seconds: 0, microseconds: 0 }

interface Passage {
  readonly opIndex: number
  readonly status: OpStatus
  readonly time: EventTime
  /** Passages that share it were written in one go and make one step. */
  readonly together: string | undefined
}

/** The passages after `queued`, in order, grouped into the writes that made them. */
function steps(job: Job): readonly (readonly Passage[])[] {
  const passages = job.ops.flatMap((op, opIndex) => passagesOf(job, op, opIndex))
  const groups = new Map<string, Passage[]>()
  for (const passage of passages) {
    if (passage.together === undefined) continue
    const group = groups.get(passage.together) ?? []
    group.push(passage)
    groups.set(passage.together, group)
  }
  return passages.flatMap((passage) => {
    const group = passage.together === undefined ? undefined : groups.get(passage.together)
    if (group === undefined) return [[passage]]
    return group.at(-1) === passage ? [group] : []
  })
}

function passagesOf(job: Job, op: Op, opIndex: number): readonly Passage[] {
  const { status } = op
  if (status === 'queued') return []
  const passages: Passage[] = []
  const pass = (name: OpStatus, time: EventTime | undefined, together?: string) =>
    passages.push({ opIndex, status: name, time: time ?? fallback(job, op), together })
  if (op.startTime !== undefined || status === 'waiting') pass('waiting', op.startTime)
  if (status === 'running' || (op.execTime !== undefined && status !== 'waiting'))
    pass('running', op.execTime)
  if (status === 'canceling' || wasCanceling(job, opIndex))
    pass('canceling', lastStart(job, opIndex), 'canceling')
  if (isFinal(status)) pass(status, op.endTime ?? job.endTime, endGroup(job, op))
  return passages
}

/**
 * Whether a canceled op was `canceling` before: a request while the job waited for locks marks all of its unfinished
 * ops (`lib/jqueue`, `_QueuedJob.Cancel`), while a queued job is canceled at once.
 */
function wasCanceling(job: Job, opIndex: number): boolean {
  const waitedInVain = (op: Op) =>
    op.status === 'canceled' && op.startTime !== undefined && op.execTime === undefined
  return (
    job.ops[opIndex]?.status === 'canceled' &&
    job.ops.slice(0, opIndex + 1).some((op) => waitedInVain(op))
  )
}

/**
 * Name of the write that ended an op, when it may have ended others too: the ops after a failed or canceled one get no
 * `end_timestamp` of their own (`MarkUnfinishedOps`), luxid gives one to all (`failQueuedJob`, `cancelQueuedJob`).
 */
function endGroup(job: Job, op: Op): string | undefined {
  const first = job.ops.find((other) => other.status === 'error' || other.status === 'canceled')
  if (first === undefined || op.status === 'success') return undefined
  return op === first || op.endTime === undefined || isSameTime(op.endTime, first.endTime)
    ? 'end'
    : undefined
}

/**
 * When the last op up to this one began to wait: the earliest time at which a request can have marked this one
 * `canceling`. Never a time of the end, which a version from before the end does not have: the id would be another one.
 */
function lastStart(job: Job, opIndex: number): EventTime | undefined {
  return job.ops.slice(0, opIndex + 1).findLast((op) => op.startTime !== undefined)?.startTime
}

function isSameTime(a: EventTime, b: EventTime | undefined): boolean {
  return b !== undefined && compareTimes(a, b) === 0
}

function fallback(job: Job, op: Op): EventTime {
  return op.startTime ?? job.endTime ?? job.startTime ?? job.receivedTime ?? epoch
}

function later(a: EventTime, b: EventTime): EventTime {
  return compareTimes(a, b) < 0 ? b : a
}
