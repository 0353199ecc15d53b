import type { Power } from '#central/store/tables/server.js'
import type { OpReport } from './report.js'
import type { ServerState } from './server-state.js'

/** What an op that succeeded leaves; of others the power stays (B.3). */
const powers: Readonly<Record<string, Power>> = {
  OP_INSTANCE_CREATE: 'STARTED',
  OP_INSTANCE_STARTUP: 'STARTED',
  OP_INSTANCE_REBOOT: 'STARTED',
  OP_INSTANCE_SHUTDOWN: 'STOPPED',
  OP_INSTANCE_REMOVE: 'DESTROYED',
}

/**
 * What the end of an op says of an instance's power; undefined when it says nothing.
 *
 * A create that failed leaves none, unless it failed because there is one already: an earlier try of the same made it. A removal
 * that failed because there is none has what it wanted.
 */
export function powerOf({ operation, status, errorCode }: OpReport): Power | undefined {
  if (status === 'success') return powers[operation]
  if (operation === 'OP_INSTANCE_CREATE')
    return errorCode === 'already_exists' ? undefined : 'ERROR'
  if (operation === 'OP_INSTANCE_REMOVE' && errorCode === 'unknown_entity') return 'DESTROYED'
  return undefined
}

/**
 * Notes the end of an op in the register of the power, and works the power out again.
 *
 * Of two ends the one that Ganeti brought about later counts, with two exceptions. A removal is for good: no number is given twice,
 * so what comes after it was late. And a failed create counts less than anything that succeeded, before or after: it shows that
 * there was nothing then, and the success that there is.
 */
export function withOpPower(state: ServerState, op: OpReport, nowMs: number): ServerState {
  const power = powerOf(op)
  if (power === undefined) return state
  const known = { ...state, op_power: opPower(state) }
  if (!counts(power, op, known)) return state
  const fault =
    power === 'ERROR'
      ? { fault_code: 500, fault_message: faultText(op), fault_ms: Math.trunc(op.timeUs / 1000) }
      : { fault_code: null, fault_message: null, fault_ms: null }
  return withPower({ ...known, ...fault, op_power: power, power_stamp: op.stamp }, nowMs)
}

/** Works the power out of its parts. @param nowMs when it is deleted, if that comes out */
export function withPower(state: ServerState, nowMs: number): ServerState {
  const power = effectivePower(state)
  const deletedMs = power === 'DESTROYED' ? (state.deleted_ms ?? nowMs) : state.deleted_ms
  return { ...state, power, op_power: opPower(state), deleted_ms: deletedMs }
}

function counts(power: Power, { stamp }: OpReport, state: ServerState): boolean {
  const rank = (one: Power | '') => (one === 'DESTROYED' ? 2 : one === 'ERROR' ? 0 : 1)
  // What the row was made with is told by nobody.
  const isFirst = state.power_stamp === ''
  const known = isFirst && state.op_power !== 'DESTROYED' ? -1 : rank(state.op_power)
  return rank(power) > known || (rank(power) === known && stamp > state.power_stamp)
}

/**
 * A guest that ended by itself has stopped, though Ganeti means it to run: if that is news after the last op, and is told by the
 * node where the instance lives (another one may only now notice that it once crashed).
 */
function effectivePower(state: ServerState): Power {
  const power = opPower(state)
  const { guest, guest_node: guestNode, guest_stamp: guestStamp } = state
  const hasExited =
    guest === 'exited' &&
    guestStamp > state.power_stamp &&
    (state.node === null || state.node === guestNode)
  return hasExited && power === 'STARTED' ? 'STOPPED' : power
}

/** Before anything was told: what the row was made with. */
function opPower({ op_power: told, power }: ServerState): Power {
  return told === '' ? power : told
}

function faultText({ status, failure }: OpReport): string {
  if (failure !== '') return failure
  return status === 'canceled' ? 'the creation was canceled' : 'the creation failed'
}
