import type { ServerTable } from '#central/store/tables/server.js'

/** What a server's status is worked out from. */
export type StatusRow = Readonly<
  Pick<ServerTable, 'power' | 'task' | 'op_code' | 'op_status' | 'old_flavor_id' | 'deleted_ms'>
>

/** A server's status as the compute API spells it. */
export type Status =
  | 'ACTIVE'
  | 'BUILD'
  | 'SHUTOFF'
  | 'ERROR'
  | 'REBOOT'
  | 'HARD_REBOOT'
  | 'RESIZE'
  | 'VERIFY_RESIZE'
  | 'REBUILD'
  | 'DELETED'
  | 'UNKNOWN'

/** A server's status with what stock clients show beside it. */
export interface ServerStatus {
  readonly status: Status
  /** `OS-EXT-STS:task_state`, in Nova's words. */
  readonly taskState: string | null
  /** `OS-EXT-STS:vm_state`. */
  readonly vmState: string
  /** `OS-EXT-STS:power_state`: 0 none, 1 running, 4 shut down. */
  readonly powerState: 0 | 1 | 4
}

/** Nova's word for what is being done (`nova/compute/task_states.py`); what has none there is none. */
const taskStates: Readonly<Record<NonNullable<ServerTable['task']>, string | null>> = {
  CREATE: 'spawning',
  START: 'powering-on',
  STOP: 'powering-off',
  REBOOT: 'rebooting',
  HARD_REBOOT: 'rebooting_hard',
  DESTROY: 'deleting',
  RESIZE: 'resize_migrating',
  REBUILD: 'rebuilding',
  CONNECT: 'networking',
  DISCONNECT: 'networking',
  FIREWALL: 'networking',
  RENAME: null,
}

const running: ReadonlySet<string | null> = new Set(['queued', 'waiting', 'running', 'canceling'])

/**
 * A server's status: what it is, unless something is being done to it that the API has a word for; a reboot also when an
 * administrator ordered it at Ganeti. A resize that was done and not confirmed is `VERIFY_RESIZE`.
 */
export function serverStatus(row: StatusRow): ServerStatus {
  const { power, task } = row
  const taskState = task === null ? null : taskStates[task]
  if (row.deleted_ms !== null || power === 'DESTROYED') {
    return { status: 'DELETED', taskState: null, vmState: 'deleted', powerState: 0 }
  }
  switch (power) {
    case 'BUILD':
      return {
        status: 'BUILD',
        taskState: taskState ?? 'spawning',
        vmState: 'building',
        powerState: 0,
      }
    case 'ERROR':
      return { status: 'ERROR', taskState, vmState: 'error', powerState: 0 }
    case 'STARTED':
    case 'STOPPED':
      return { ...settled(row), powerState: power === 'STARTED' ? 1 : 4 }
    default:
      // From a newer version of us.
      return { status: 'UNKNOWN', taskState, vmState: 'error', powerState: 0 }
  }
}

/** Of a server that exists. */
function settled(row: StatusRow): Pick<ServerStatus, 'status' | 'vmState' | 'taskState'> {
  const { power, task } = row
  const taskState = task === null ? null : taskStates[task]
  const vmState = power === 'STARTED' ? 'active' : 'stopped'
  if (task === 'REBUILD') return { status: 'REBUILD', vmState, taskState }
  if (task === 'RESIZE') return { status: 'RESIZE', vmState, taskState }
  if (row.old_flavor_id !== null) return { status: 'VERIFY_RESIZE', vmState: 'resized', taskState }
  if (power === 'STOPPED') return { status: 'SHUTOFF', vmState, taskState }
  if (task === 'HARD_REBOOT') return { status: 'HARD_REBOOT', vmState, taskState }
  const isRebooting = row.op_code === 'OP_INSTANCE_REBOOT' && running.has(row.op_status)
  if (task === 'REBOOT' || isRebooting) {
    return { status: 'REBOOT', vmState, taskState: taskState ?? 'rebooting' }
  }
  return { status: 'ACTIVE', vmState, taskState }
}
