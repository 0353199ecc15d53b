import t from 'tap'
import type { InstanceConfig } from '#ganeti/instance-config.js'
import { judgeDetails, wantedDetails } from '#progress/wanted-details.js'
import { jobFile, jobOf, type OpParts } from '../support/job.js'

/** What the message about the end of a job's only op carries. */
function wanted(op: OpParts) {
  const job = jobOf(jobFile(7, [op], 120))
  const [only] = job.ops
  const time = { seconds: 120, microseconds: 0 }
  return only && wantedDetails(job, { kind: 'op', opIndex: 0, status: only.status, time })
}

const ended = { start: 110, exec: 111, end: 120 }
const writtenSince = { seconds: 111, microseconds: 0 }
const endedAt = { seconds: 120, microseconds: 0 }
const vm1 = 'vm1.example'

const rows: readonly [opcode: string, status: string, details: boolean, hasWritten: boolean][] = [
  ['OP_INSTANCE_CREATE', 'success', true, true],
  ['OP_INSTANCE_CREATE', 'error', false, false],
  ['OP_INSTANCE_CREATE', 'canceled', false, false],
  ['OP_INSTANCE_STARTUP', 'success', true, false],
  ['OP_INSTANCE_STARTUP', 'running', false, false],
  ['OP_INSTANCE_SET_PARAMS', 'success', true, true],
  ['OP_INSTANCE_SET_PARAMS', 'error', true, false],
  ['OP_INSTANCE_SET_PARAMS', 'canceled', true, false],
  ['OP_INSTANCE_GROW_DISK', 'success', true, true],
  ['OP_INSTANCE_GROW_DISK', 'canceled', true, false],
  ['OP_INSTANCE_REBOOT', 'success', true, false],
  ['OP_INSTANCE_MIGRATE', 'success', true, false],
  ['OP_INSTANCE_FAILOVER', 'error', true, false],
  ['OP_INSTANCE_MOVE', 'success', true, false],
  ['OP_INSTANCE_REMOVE', 'success', false, false],
  ['OP_INSTANCE_REMOVE', 'error', false, false],
  ['OP_INSTANCE_SHUTDOWN', 'success', false, false],
  ['OP_INSTANCE_QUERY_DATA', 'success', false, false],
  ['OP_NODE_SET_PARAMS', 'success', false, false],
]

for (const [opcode, status, hasDetails, hasWritten] of rows) {
  t.test(`${opcode} ${status} ${hasDetails ? 'carries' : 'does not carry'} details`, async (t) => {
    const found = wanted({ ...ended, status, input: { OP_ID: opcode } })
    t.strictSame(
      found,
      hasDetails
        ? { instance: vm1, writtenSince: hasWritten ? writtenSince : undefined, endedAt }
        : undefined,
    )
  })
}

t.test(
  'a renamed instance is looked for by its new name, one that was not by its old',
  async (t) => {
    const input = { OP_ID: 'OP_INSTANCE_RENAME', new_name: 'vm2.example' }
    t.equal(wanted({ ...ended, status: 'success', input })?.instance, 'vm2.example')
    t.equal(wanted({ ...ended, status: 'error', input })?.instance, vm1)
  },
)

t.test('tags of an instance', async (t) => {
  const input = { OP_ID: 'OP_TAGS_SET', kind: 'instance', name: 'vm9' }
  t.equal(wanted({ ...ended, status: 'success', input })?.instance, 'vm9')
  t.equal(wanted({ ...ended, status: 'success', input: { ...input, kind: 'node' } }), undefined)
})

t.test('a dry run has written nothing, and has created nothing', async (t) => {
  const dry = (opcode: string) =>
    wanted({ ...ended, status: 'success', input: { OP_ID: opcode, dry_run: true } })
  t.match(dry('OP_INSTANCE_SET_PARAMS'), { instance: vm1, writtenSince: undefined })
  t.equal(dry('OP_INSTANCE_CREATE'), undefined)
})

const instance: InstanceConfig = {
  name: vm1,
  serialNo: 1,
  changedSeconds: 100,
  tags: [],
  nics: [],
  disks: [],
  bootOrder: null,
  cdromImagePath: null,
}
const nobody = new Map<string, InstanceConfig>()
const before = new Map([[vm1, instance]])
const after = new Map([[vm1, { ...instance, changedSeconds: 115 }]])
const writer = { instance: vm1, writtenSince, endedAt }
const reader = { instance: vm1, writtenSince: undefined, endedAt }

const verdicts: readonly {
  name: string
  of: typeof writer | typeof reader
  writtenSeconds: number
  instances: ReadonlyMap<string, InstanceConfig>
  verdict: string
}[] = [
  {
    name: 'the state before the op',
    of: writer,
    writtenSeconds: 110,
    instances: before,
    verdict: 'too-old',
  },
  {
    name: 'one without the new instance',
    of: writer,
    writtenSeconds: 110,
    instances: nobody,
    verdict: 'too-old',
  },
  {
    name: 'one in which the op wrote',
    of: writer,
    writtenSeconds: 115,
    instances: after,
    verdict: 'current',
  },
  {
    name: 'one of after the end',
    of: writer,
    writtenSeconds: 121,
    instances: before,
    verdict: 'current',
  },
  {
    name: 'one of after its removal',
    of: writer,
    writtenSeconds: 121,
    instances: nobody,
    verdict: 'gone',
  },
  {
    name: 'any, after an op that need not write',
    of: reader,
    writtenSeconds: 1,
    instances: before,
    verdict: 'current',
  },
  {
    name: 'any without the instance, after such an op',
    of: reader,
    writtenSeconds: 1,
    instances: nobody,
    verdict: 'gone',
  },
]

for (const { name, of, writtenSeconds, instances, verdict } of verdicts) {
  t.test(`a configuration is ${verdict}: ${name}`, async (t) => {
    t.equal(judgeDetails(of, { writtenSeconds, instances }), verdict)
  })
}
