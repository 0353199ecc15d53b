import t from 'tap'
import type { ServerState } from '#central/state/server-state.js'
import { after, guestBody, opBody, progressBody } from './messages.js'
import { unborn } from './servers.js'

const built = after(unborn, [opBody('CREATE', 'success', { at: 0, result: ['n1'] })])
const stopped = after(built, [opBody('SHUTDOWN', 'success', { at: 10, job: 2 })])

/**
 * The vectors H.1 of Synnefo's update path, those of one server; `differs` says where and why we do not do as it did.
 * Stopped at 10, started at 0 on n1.
 */
const vectors: readonly {
  readonly name: string
  readonly before: ServerState
  readonly bodies: readonly object[]
  readonly result: Partial<ServerState>
  readonly differs?: string
}[] = [
  {
    name: 'STOPPED, STARTUP success',
    before: stopped,
    bodies: [opBody('STARTUP', 'success', { at: 11, job: 3 })],
    result: { power: 'STARTED', op_code: 'OP_INSTANCE_STARTUP' },
  },
  {
    name: 'STARTED, SHUTDOWN success of before',
    before: built,
    bodies: [opBody('SHUTDOWN', 'success', { at: -1, job: 3 })],
    result: { power: 'STARTED', op_code: 'OP_INSTANCE_CREATE' },
  },
  {
    name: 'STARTED, SHUTDOWN success at the same microsecond',
    before: built,
    bodies: [opBody('SHUTDOWN', 'success', { at: 0, job: 3 })],
    result: { power: 'STOPPED' },
    differs: 'the higher job wins, so that the order of arrival does not decide',
  },
  {
    name: 'STARTED, SHUTDOWN running',
    before: built,
    bodies: [opBody('SHUTDOWN', 'running', { at: 1, job: 3 })],
    result: { power: 'STARTED', op_status: 'running', op_job_id: 3 },
  },
  {
    name: 'STARTED, SHUTDOWN error, then its running comes late',
    before: built,
    bodies: [
      opBody('SHUTDOWN', 'error', { at: 2, job: 3, result: ['OpExecError', ['no']] }),
      opBody('SHUTDOWN', 'running', { at: 1, job: 3 }),
    ],
    result: { power: 'STARTED', op_status: 'error' },
    differs: 'a late running does not go back over the error (B.10, 3)',
  },
  {
    name: 'BUILD, CREATE success',
    before: unborn,
    bodies: [opBody('CREATE', 'success', { at: 1 })],
    result: { power: 'STARTED', progress: 100 },
  },
  {
    name: 'BUILD, CREATE error',
    before: unborn,
    bodies: [opBody('CREATE', 'error', { at: 1, result: ['OpExecError', ['no space left']] })],
    result: {
      power: 'ERROR',
      fault_code: 500,
      fault_message: 'no space left',
      fault_ms: 1_700_000_001_000,
    },
  },
  {
    name: 'BUILD, CREATE canceled',
    before: unborn,
    bodies: [opBody('CREATE', 'canceled', { at: 1 })],
    result: { power: 'ERROR', fault_message: 'the creation was canceled' },
  },
  {
    name: 'BUILD, CREATE error because an earlier try made it',
    before: unborn,
    bodies: [
      opBody('CREATE', 'error', {
        at: 1,
        result: [
          'OpPrereqError',
          ["Instance 'snf-42' is already in the cluster", 'already_exists'],
        ],
      }),
    ],
    result: { power: 'BUILD', fault_message: null },
    differs: 'our own try again after a crash is no failure',
  },
  {
    name: 'BUILD, progress 137',
    before: unborn,
    bodies: [progressBody(137, 1)],
    result: { progress: 100, power_stamp: '' },
    differs: 'progress by the clock of a node moves nothing but itself (B.10, 2)',
  },
  { name: 'BUILD, progress -1', before: unborn, bodies: [progressBody(-1, 1)], result: unborn },
  { name: 'BUILD, progress "a"', before: unborn, bodies: [progressBody('a', 1)], result: unborn },
  {
    name: 'BUILD, progress of a node an hour ahead, then CREATE success',
    before: unborn,
    bodies: [progressBody(40, 3600), opBody('CREATE', 'success', { at: 1 })],
    result: { power: 'STARTED', progress: 100 },
    differs: 'Synnefo left it in BUILD (B.10, 2)',
  },
  {
    name: 'BUILD, progress that goes back',
    before: unborn,
    bodies: [progressBody(40, 1), progressBody(30, 2)],
    result: { progress: 40 },
    differs: 'it only grows',
  },
  {
    name: 'any, REMOVE success',
    before: stopped,
    bodies: [opBody('REMOVE', 'success', { at: 20, job: 3 })],
    result: { power: 'DESTROYED', deleted_ms: 1_796_000_000_000 },
  },
  {
    name: 'any, REMOVE error because it is not there',
    before: stopped,
    bodies: [
      opBody('REMOVE', 'error', {
        at: 20,
        job: 3,
        result: ['OpPrereqError', ["Instance 'snf-42' not known", 'unknown_entity']],
      }),
    ],
    result: { power: 'DESTROYED' },
    differs: 'Ganeti itself says so: RAPI is not asked',
  },
  {
    name: 'any, REMOVE error while it is there',
    before: stopped,
    bodies: [opBody('REMOVE', 'error', { at: 20, job: 3, result: ['OpExecError', ['busy']] })],
    result: { power: 'STOPPED', op_status: 'error', deleted_ms: null },
  },
  {
    name: 'deleted, STARTUP success',
    before: after(stopped, [opBody('REMOVE', 'success', { at: 20, job: 3 })]),
    bodies: [opBody('STARTUP', 'success', { at: 30, job: 4 })],
    result: { power: 'DESTROYED' },
  },
  {
    name: 'STOPPED, SET_PARAMS success with other processors and memory',
    before: stopped,
    bodies: [
      opBody('SET_PARAMS', 'success', {
        at: 20,
        job: 3,
        job_fields: { beparams: { vcpus: 4, maxmem: 2048 } },
      }),
    ],
    result: { vcpus: 4, ram_mib: 2048 },
  },
  {
    name: 'STARTED, SET_PARAMS success with no NICs left',
    before: built,
    bodies: [opBody('SET_PARAMS', 'success', { at: 20, job: 3, instance_nics: [] })],
    result: { nics: { nics: [], stamp: '1700000020000000:0000000003:0000:8' } },
  },
  {
    name: 'STARTED, dry run of a SHUTDOWN',
    before: built,
    bodies: [
      opBody('SHUTDOWN', 'success', {
        at: 20,
        job: 3,
        logmsg: ' - INFO: dry-run mode requested, not actually executing the operation',
      }),
    ],
    result: { power: 'STARTED' },
    differs: 'a dry run changes nothing (B.10, 7)',
  },
  {
    name: 'STARTED, the guest switched itself off',
    before: built,
    bodies: [guestBody('exited', { at: 5, reason: 'by-itself' })],
    result: { power: 'STOPPED', op_power: 'STARTED' },
    differs: 'Synnefo was not told',
  },
  {
    name: 'STARTED, Ganeti ended QEMU for a reboot',
    before: built,
    bodies: [guestBody('exited', { at: 5, reason: 'stopped' })],
    result: { power: 'STARTED' },
  },
  {
    name: 'STARTED, the guest switched itself off and the watcher started it',
    before: built,
    bodies: [
      guestBody('exited', { at: 5, reason: 'by-itself' }),
      opBody('STARTUP', 'success', { at: 6, job: 3 }),
    ],
    result: { power: 'STARTED' },
  },
  {
    name: 'STARTED, the same with a node that is an hour ahead',
    before: built,
    bodies: [
      guestBody('exited', { at: 3605, reason: 'by-itself' }),
      opBody('STARTUP', 'success', { at: 6, job: 3 }),
      guestBody('started', { at: 3606 }),
    ],
    result: { power: 'STARTED' },
  },
  {
    name: 'STARTED, the node where it once was has booted since',
    before: built,
    bodies: [
      guestBody('started', { at: 5, node: 'n2' }),
      guestBody('exited', { at: 60, node: 'n1', reason: 'node-reboot' }),
    ],
    result: { power: 'STARTED', node: 'n2' },
  },
  {
    name: 'two jobs that end in the reverse order of their numbers',
    before: built,
    bodies: [
      opBody('SHUTDOWN', 'success', { at: 30, job: 7 }),
      opBody('STARTUP', 'success', { at: 20, job: 8 }),
    ],
    result: { power: 'STOPPED', op_job_id: 7 },
    differs: 'by when they ended, whichever comes first',
  },
  {
    name: 'an old change of the memory after a newer one of the processors',
    before: built,
    bodies: [
      opBody('SET_PARAMS', 'success', { at: 30, job: 7, job_fields: { beparams: { vcpus: 8 } } }),
      opBody('SET_PARAMS', 'success', {
        at: 20,
        job: 6,
        job_fields: { beparams: { vcpus: 2, maxmem: 4096 } },
      }),
    ],
    result: { vcpus: 8, ram_mib: 4096 },
    differs: 'each counts on its own (B.10, 1)',
  },
]

for (const { name, before, bodies, result, differs } of vectors) {
  t.test(differs === undefined ? name : `${name} (not as Synnefo: ${differs})`, async (t) => {
    t.match(after(before, bodies), result)
  })
}
