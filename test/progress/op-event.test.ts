import t from 'tap'
import { summary } from '#progress/job-event.js'
import { opEvent } from '#progress/op-event.js'
import { jobFile, jobOf, type OpParts } from '../support/job.js'

const cluster = { name: 'c', uuid: 'u', prefixes: new Map([['special', 'given']]) }

/** The message about the current status of a job's only op. */
function event(op: OpParts) {
  const job = jobOf(jobFile(7, [op], 120))
  const [only] = job.ops
  const time = { seconds: 120, microseconds: 0 }
  return only && opEvent(cluster, job, { kind: 'op', opIndex: 0, status: only.status, time })
}

const ended = { start: 110, exec: 111, end: 120 }

const results: readonly { name: string; op: OpParts; result: unknown }[] = [
  {
    name: 'a failure of the job’s process, a name and arguments',
    op: {
      ...ended,
      status: 'error',
      result: ['OpPrereqError', ['no such node', 'unknown_entity']],
    },
    result: ['OpPrereqError', ['no such node', 'unknown_entity']],
  },
  {
    name: 'a death that luxid detected, a text',
    op: { ...ended, status: 'error', result: 'detected death of job 7' },
    result: 'detected death of job 7',
  },
  {
    name: 'a cancel of the job’s process, a text',
    op: { ...ended, status: 'canceled', result: 'Job canceled by request' },
    result: 'Job canceled by request',
  },
  {
    name: 'a cancel by luxid, null',
    op: { status: 'canceled', end: 120, result: null },
    result: null,
  },
  {
    name: 'node names of a create',
    op: { ...ended, status: 'success', input: { OP_ID: 'OP_INSTANCE_CREATE' }, result: ['n1'] },
    result: ['n1'],
  },
  {
    name: 'changes of a modification, without the OS’s and secret hypervisor parameters',
    op: {
      ...ended,
      status: 'success',
      input: { OP_ID: 'OP_INSTANCE_SET_PARAMS' },
      result: [
        ['be/maxmem', 128],
        ['os/password', 'sekrit'],
        ['os_private/x', 'sekrit'],
        ['hv/kernel_args', 'sekrit'],
        ['hv/boot_order', 'cd'],
      ],
    },
    result: [
      ['be/maxmem', 128],
      ['hv/boot_order', 'cd'],
    ],
  },
  {
    name: 'nothing of an opcode that quotes parameters',
    op: {
      ...ended,
      status: 'success',
      input: { OP_ID: 'OP_INSTANCE_QUERY_DATA' },
      result: { vm1: { os: 'sekrit' } },
    },
    result: null,
  },
  {
    name: 'nothing of an object in a failure',
    op: { ...ended, status: 'error', result: ['X', [{ osparams: 'sekrit' }]] },
    result: ['X', [null]],
  },
]

for (const c of results) {
  t.test(`the result is ${c.name}`, async (t) => {
    const { body } = event(c.op) ?? {}
    t.ok(body !== undefined && 'result' in body)
    if (body !== undefined && 'result' in body) t.strictSame(body.result, c.result)
  })
}

const logs: readonly { name: string; log: readonly unknown[]; text: string | null }[] = [
  { name: 'no line', log: [], text: null },
  {
    name: 'the newest line',
    log: [
      [1, [1, 2], 'message', 'old'],
      [2, [1, 3], 'message', 'new'],
    ],
    text: 'new',
  },
  {
    name: 'an object with a certificate',
    log: [[1, [1, 2], 'remote-import', { x509_ca: 'sekrit' }]],
    text: null,
  },
  { name: 'a list', log: [[1, [1, 2], 'jqueue-test', ['sock', 'x', null]]], text: null },
  { name: 'a message that is no text', log: [[1, [1, 2], 'message', { a: 1 }]], text: null },
  {
    name: 'a line of 10 kB',
    log: [[1, [1, 2], 'message', 'x'.repeat(10_000)]],
    text: 'x'.repeat(4096),
  },
]

for (const c of logs) {
  t.test(`logmsg of ${c.name} is ${c.text === null ? 'null' : 'its text'}`, async (t) => {
    t.match(event({ status: 'running', start: 110, exec: 111, log: c.log })?.body, {
      logmsg: c.text,
    })
  })
}

const subjects: readonly {
  name: string
  input: object
  status?: string
  key: string | undefined
}[] = [
  { name: 'an instance', input: {}, key: 'ganeti-op-status vm1.example' },
  {
    name: 'a network',
    input: { OP_ID: 'OP_NETWORK_CONNECT', network_name: 'snf-net-7' },
    key: 'ganeti-network-status snf-net-7',
  },
  {
    name: 'one instance of a list',
    input: { OP_ID: 'OP_INSTANCE_QUERY_DATA', instance_name: null, instances: ['vm9'] },
    key: 'ganeti-op-status vm9',
  },
  {
    name: 'two instances of a list',
    input: { OP_ID: 'OP_INSTANCE_QUERY_DATA', instance_name: null, instances: ['a', 'b'] },
    key: undefined,
  },
  { name: 'a node', input: { OP_ID: 'OP_NODE_SET_PARAMS', node_name: 'n1' }, key: undefined },
  {
    name: 'an opcode of a later Ganeti',
    input: { OP_ID: 'OP_INSTANCE_TELEPORT' },
    key: 'ganeti-op-status vm1.example',
  },
  { name: 'no opcode at all', input: { OP_ID: 7 }, key: undefined },
  {
    name: 'the cluster’s parameters',
    input: { OP_ID: 'OP_CLUSTER_SET_PARAMS' },
    key: 'ganeti-cluster-status cluster',
  },
  {
    name: 'an instance’s tags, at the end',
    input: { OP_ID: 'OP_TAGS_SET', kind: 'instance', name: 'vm3', tags: ['a'] },
    key: 'ganeti-op-status vm3',
  },
  {
    name: 'an instance’s tags, before',
    status: 'running',
    input: { OP_ID: 'OP_TAGS_SET', kind: 'instance', name: 'vm3' },
    key: undefined,
  },
  {
    name: 'a node’s tags',
    input: { OP_ID: 'OP_TAGS_SET', kind: 'node', name: 'n1' },
    key: undefined,
  },
]

for (const c of subjects) {
  t.test(
    `an op about ${c.name} is ${c.key === undefined ? 'told in its job’s message only' : c.key}`,
    async (t) => {
      const told = event({ ...ended, status: c.status ?? 'success', input: c.input })
      t.equal(told && `${told.body.type} ${told.subject}`, c.key)
    },
  )
}

t.test('parameters that may hold secrets do not leave with a create', async (t) => {
  const input = {
    OP_ID: 'OP_INSTANCE_CREATE',
    nics: [{ ip: 'pool', network: 'net', secret: 'sekrit' }],
    disks: [{ size: 1024, provider_password: 'sekrit' }],
    hvparams: {
      kernel_args: 'sekrit',
      vnc_password_file: '/sekrit',
      cdrom_image_path: 'http://me:sekrit@host/x.iso',
    },
    beparams: { maxmem: 128, other: 'sekrit' },
    osparams: { password: 'sekrit' },
    opportunistic_locking: true,
  }
  const { body } = event({ ...ended, status: 'error', input, result: ['OpExecError', ['x']] }) ?? {}
  t.match(body, {
    job_fields: {
      nics: [{ ip: 'pool', network: 'net' }],
      disks: [{ size: 1024 }],
      hvparams: { cdrom_image_path: 'http://host/x.iso' },
      beparams: { maxmem: 128 },
    },
  })
  t.notMatch(JSON.stringify(body), /sekrit|opportunistic/)
})

const summaries: readonly [object, string][] = [
  [{}, 'INSTANCE_STARTUP(vm1.example)'],
  [{ OP_ID: 'OP_NODE_SET_PARAMS', node_name: 'n1' }, 'NODE_SET_PARAMS(n1)'],
  [{ OP_ID: 'OP_GROUP_ADD', group_name: 'g' }, 'GROUP_ADD(g)'],
  [{ OP_ID: 'OP_CLUSTER_VERIFY' }, 'CLUSTER_VERIFY'],
  [{ OP_ID: 'OP_TAGS_SET', kind: 'instance', name: 'vm' }, 'TAGS_SET'],
]

for (const [input, text] of summaries) {
  t.test(`the summary is ${text}, as gnt-job list has it`, async (t) => {
    const [op] = jobOf(jobFile(1, [{ status: 'queued', input }])).ops
    t.equal(op && summary(op), text)
  })
}
