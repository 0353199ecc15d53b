import t from 'tap'
import { type StatusRow, serverStatus } from '#central/state/status.js'

const active: StatusRow = {
  power: 'STARTED',
  task: null,
  op_code: null,
  op_status: null,
  old_flavor_id: null,
  deleted_ms: null,
}

const cases: readonly {
  readonly name: string
  readonly row: Partial<StatusRow>
  readonly said: readonly [string, string | null, string, number]
}[] = [
  { name: 'runs', row: {}, said: ['ACTIVE', null, 'active', 1] },
  { name: 'is stopped', row: { power: 'STOPPED' }, said: ['SHUTOFF', null, 'stopped', 4] },
  {
    name: 'is made',
    row: { power: 'BUILD', task: 'CREATE' },
    said: ['BUILD', 'spawning', 'building', 0],
  },
  { name: 'could not be made', row: { power: 'ERROR' }, said: ['ERROR', null, 'error', 0] },
  {
    name: 'is started',
    row: { power: 'STOPPED', task: 'START' },
    said: ['SHUTOFF', 'powering-on', 'stopped', 4],
  },
  { name: 'is stopping', row: { task: 'STOP' }, said: ['ACTIVE', 'powering-off', 'active', 1] },
  { name: 'reboots', row: { task: 'REBOOT' }, said: ['REBOOT', 'rebooting', 'active', 1] },
  {
    name: 'reboots hard',
    row: { task: 'HARD_REBOOT' },
    said: ['HARD_REBOOT', 'rebooting_hard', 'active', 1],
  },
  {
    name: 'is rebooted by an administrator',
    row: { op_code: 'OP_INSTANCE_REBOOT', op_status: 'running' },
    said: ['REBOOT', 'rebooting', 'active', 1],
  },
  {
    name: 'was rebooted',
    row: { op_code: 'OP_INSTANCE_REBOOT', op_status: 'success' },
    said: ['ACTIVE', null, 'active', 1],
  },
  {
    name: 'is resized',
    row: { power: 'STOPPED', task: 'RESIZE', old_flavor_id: '1' },
    said: ['RESIZE', 'resize_migrating', 'stopped', 4],
  },
  {
    name: 'was resized',
    row: { power: 'STOPPED', old_flavor_id: '1' },
    said: ['VERIFY_RESIZE', null, 'resized', 4],
  },
  { name: 'is rebuilt', row: { task: 'REBUILD' }, said: ['REBUILD', 'rebuilding', 'active', 1] },
  { name: 'is being deleted', row: { task: 'DESTROY' }, said: ['ACTIVE', 'deleting', 'active', 1] },
  {
    name: 'was deleted',
    row: { power: 'DESTROYED', deleted_ms: 1 },
    said: ['DELETED', null, 'deleted', 0],
  },
  {
    name: 'is of a newer version',
    row: { power: 'FROZEN' as never },
    said: ['UNKNOWN', null, 'error', 0],
  },
]

for (const { name, row, said } of cases) {
  t.test(`a server that ${name} is ${said[0]}`, async (t) => {
    const { status, taskState, vmState, powerState } = serverStatus({ ...active, ...row })
    t.same([status, taskState, vmState, powerState], said)
  })
}
