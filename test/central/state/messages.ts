import { applyReport } from '#central/state/apply.js'
import { decodeReport } from '#central/state/decode-report.js'
import type { Report } from '#central/state/report.js'
import type { ServerState } from '#central/state/server-state.js'
import { decodeJob } from '#ganeti/job-decoder.js'
import { jobMessages } from '#progress/job-messages.js'
import { createLedger } from '#progress/ledger.js'
import { recordedVersions, scenarioNames } from '../../support/fixture.js'

/** Our clock in these tests. */
export const nowMs = 1_796_000_000_000

/** The report of a body; throws when there is none. */
export function reportOf(body: object): Report {
  const told = decodeReport(JSON.stringify(body))
  if (!told.ok) throw new Error(told.problem)
  return told.value.report
}

/** What a server is after these bodies, in this order. */
export function after(state: ServerState, bodies: readonly object[]): ServerState {
  return bodies.map(reportOf).reduce(apply, state)
}

/** What a server is after a report about it, whichever. */
export function apply(state: ServerState, report: Report): ServerState {
  switch (report.kind) {
    case 'op':
    case 'nics':
    case 'guest':
    case 'progress':
      return applyReport(state, report, nowMs)
    default:
      return state
  }
}

/** A message of ours as `okeanid events replay` prints it, read again. */
export interface RecordedMessage {
  readonly routingKey: string
  readonly messageId: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** All messages that the recorded jobs of a real cluster give, scenario by scenario. */
export function recordedMessages(): readonly RecordedMessage[] {
  const cluster = { name: 'cluster.lab.example', uuid: 'u', prefixes: new Map<string, string>() }
  const origin = { node: 'n1.lab.example', cluster: cluster.name }
  return scenarioNames('jobs').flatMap((scenario) => {
    const ledger = createLedger()
    return recordedVersions('jobs', scenario).flatMap(({ bytes }) => {
      const job = decodeJob(bytes)
      if (!job.ok) return []
      const facts = ledger.news(job.value)
      ledger.record(job.value, facts)
      return jobMessages(cluster, origin, { job: job.value, facts })
    })
  })
}

/** An op's message of Synnefo's eventd, about server 42; keys beside these as given. */
export function opBody(
  operation: string,
  status: string,
  {
    at,
    job = 1,
    ...more
  }: { readonly at: number; readonly job?: number; readonly [key: string]: unknown },
): object {
  return {
    type: 'ganeti-op-status',
    instance: 'snf-42',
    operation: `OP_INSTANCE_${operation}`,
    status,
    jobId: job,
    cluster: 'c1',
    event_time: [1_700_000_000 + at, 0],
    logmsg: null,
    result: null,
    tags: [],
    job_fields: {},
    ...more,
  }
}

/** What a node saw of a guest. */
export function guestBody(
  status: string,
  {
    at,
    node = 'n1',
    reason = null,
  }: { readonly at: number; readonly node?: string; readonly reason?: string | null },
): object {
  return {
    type: 'ganeti-instance-status',
    instance: 'snf-42',
    cluster: 'c1',
    node,
    status,
    reason,
    event_time: [1_700_000_000 + at, 0],
  }
}

/** The progress of a copy, by a node's clock. */
export function progressBody(progress: unknown, at: number): object {
  return {
    type: 'image-copy-progress',
    instance: 'snf-42',
    progress,
    event_time: [1_700_000_000 + at, 0],
  }
}
