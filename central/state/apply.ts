import type { Stamp } from '#central/stamp.js'
import type { JsonObject } from '#ganeti/json-value.js'
import { isFinal } from '#ganeti/status.js'
import { assertNever } from '#result.js'
import { withOpPower, withPower } from './power.js'
import type { DiagnosticReport, InstanceReport, LeaseReport, OpReport } from './report.js'
import type { ServerState } from './server-state.js'

/**
 * What a server is after a message about it.
 *
 * Each thing that messages tell is a register of its own that keeps what bears the highest stamp, or a maximum. So the outcome does
 * not depend on the order of messages, on how often one comes or how late; and a message that is old for one thing still counts
 * for another. Nothing here asks whether the server is deleted: that it is stays, whatever comes.
 *
 * @param nowMs our clock, for `deleted_ms` only
 * @returns the same state when nothing is new
 */
export function applyReport(
  state: ServerState,
  report: Exclude<InstanceReport, LeaseReport | DiagnosticReport>,
  nowMs: number,
): ServerState {
  switch (report.kind) {
    case 'op':
      return applyOp(state, report, nowMs)
    case 'nics':
      return withNics(state, { nics: report.nics, serial: 0, stamp: report.stamp })
    case 'progress':
      return withProgress(state, report)
    case 'guest': {
      const { status, node, stamp } = report
      const isNews = stamp > state.guest_stamp
      const seen = isNews
        ? { ...state, guest: status, guest_node: node, guest_stamp: stamp }
        : state
      const placed = status === 'started' ? withNode(seen, { node, stamp }) : seen
      return placed === state ? state : withPower(placed, nowMs)
    }
    default:
      return assertNever(report)
  }
}

function applyOp(state: ServerState, op: OpReport, nowMs: number): ServerState {
  const noted = withOp(state, op)
  if (!isFinal(op.status) || op.isDryRun) return noted
  const { nics, serial, stamp, tags, diskMib, status } = op
  let next = withOpPower(noted, op, nowMs)
  if (nics !== undefined) next = withNics(next, { nics, serial, stamp })
  if (tags !== undefined) next = withTags(next, { tags, stamp })
  if (diskMib !== undefined) next = withDisks(next, { diskMib, stamp })
  if (status !== 'success') return next
  next = withBackendParameters(next, op)
  if (op.node !== undefined) next = withPower(withNode(next, { node: op.node, stamp }), nowMs)
  return op.operation === 'OP_INSTANCE_CREATE' || op.operation === 'OP_INSTANCE_REINSTALL'
    ? withProgress(next, { percentage: 100, stamp })
    : next
}

/** The newest op that names it. */
function withOp(state: ServerState, op: OpReport): ServerState {
  if (op.stamp <= state.op_stamp) return state
  return {
    ...state,
    op_code: op.operation,
    op_status: op.status,
    op_job_id: op.jobId,
    op_log: op.log,
    op_stamp: op.stamp,
  }
}

/** Only grows while one thing is made; `progress_stamp` is when that began, by whoever began it. */
function withProgress(
  state: ServerState,
  { percentage, stamp }: { readonly percentage: number; readonly stamp: Stamp },
): ServerState {
  const isNews = percentage > state.progress && stamp > state.progress_stamp
  return isNews ? { ...state, progress: percentage } : state
}

/** Each on its own: one op may change the memory and a later one the processors. */
function withBackendParameters(
  state: ServerState,
  { vcpus, ramMib, stamp }: OpReport,
): ServerState {
  const byProcessors =
    vcpus !== undefined && stamp > state.vcpus_stamp
      ? { ...state, vcpus, vcpus_stamp: stamp }
      : state
  return ramMib !== undefined && stamp > state.ram_stamp
    ? { ...byProcessors, ram_mib: ramMib, ram_stamp: stamp }
    : byProcessors
}

/** Ganeti's own count of changes goes before the time, for it knows no clock that was set back. */
function withNics(
  state: ServerState,
  {
    nics,
    serial,
    stamp,
  }: { readonly nics: readonly JsonObject[]; readonly serial: number; readonly stamp: Stamp },
): ServerState {
  const isNews =
    serial > state.nics_serial || (serial === state.nics_serial && stamp > state.nics_stamp)
  return isNews
    ? { ...state, nics_serial: serial, nics_stamp: stamp, nics: { nics, stamp } }
    : state
}

function withDisks(
  state: ServerState,
  { diskMib, stamp }: { readonly diskMib: number; readonly stamp: Stamp },
): ServerState {
  return stamp > state.disk_stamp ? { ...state, disk_mib: diskMib, disk_stamp: stamp } : state
}

function withTags(
  state: ServerState,
  { tags, stamp }: { readonly tags: readonly string[]; readonly stamp: Stamp },
): ServerState {
  const isNews = stamp > state.tags_stamp
  return isNews ? { ...state, tags: JSON.stringify([...tags].sort()), tags_stamp: stamp } : state
}

function withNode(
  state: ServerState,
  { node, stamp }: { readonly node: string; readonly stamp: Stamp },
): ServerState {
  return stamp > state.node_stamp ? { ...state, node, node_stamp: stamp } : state
}
