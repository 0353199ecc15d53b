import { readFileSync } from 'node:fs'
import t from 'tap'
import type { Message } from '#event/message.js'
import { createInstanceConfigFinder } from '#ganeti/instance-config-finder.js'
import { jobMessages } from '#progress/job-messages.js'
import { createLedger } from '#progress/ledger.js'
import type { KnownInstances } from '#progress/op-event.js'
import { jobFile, jobOf, type OpParts } from '../support/job.js'

/**
 * What a dispatcher of Synnefo 0.14 to 0.21 relies on: routing keys, types of messages, keys and their types. The tables are facts about
 * its eventd and its dispatcher, written down from reading them.
 */

const cluster = { name: 'gnt1.example.net', uuid: 'u', prefixes: new Map<string, string>() }
const ended = { start: 110, exec: 111, end: 120 }

function messagesOf(op: OpParts, instances: KnownInstances = new Map()): readonly Message[] {
  const job = jobOf(jobFile(91017, [op], 120))
  const facts = createLedger().news(job)
  const origin = { node: 'n1', cluster: cluster.name }
  return jobMessages(cluster, origin, { job, facts, instances })
}

/** The message about the end of an op, as a consumer reads it. */
function lastOf(op: OpParts, instances?: KnownInstances) {
  const told = messagesOf(op, instances).filter(({ messageId }) => messageId.startsWith('op.'))
  const { routingKey = '', body = '{}' } = told.at(-1) ?? {}
  return { routingKey, body: JSON.parse(body) as Readonly<Record<string, unknown>> }
}

/** `number`, `string`, `list`, `object`, `null`. */
function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value
}

const common = {
  event_time: 'list',
  operation: 'string',
  status: 'string',
  cluster: 'string',
  logmsg: 'string',
  result: 'null',
  jobId: 'number',
  type: 'string',
}
const log = [[1, [112, 0], 'message', 'a line']]

const rows: readonly {
  name: string
  input: object
  key: string
  type: string
  kinds: Readonly<Record<string, string>>
}[] = [
  {
    name: 'an op on an instance',
    input: { OP_ID: 'OP_INSTANCE_STARTUP', instance_name: 'snf-42' },
    key: 'ganeti.snf.event.op',
    type: 'ganeti-op-status',
    kinds: { ...common, instance: 'string', tags: 'list', job_fields: 'object' },
  },
  {
    name: 'an op on a network',
    input: { OP_ID: 'OP_NETWORK_CONNECT', network_name: 'snf-net-7', group_name: 'default' },
    key: 'ganeti.snf.event.network',
    type: 'ganeti-network-status',
    kinds: { ...common, network: 'string', job_fields: 'object' },
  },
  {
    name: 'a change of the cluster',
    input: { OP_ID: 'OP_CLUSTER_SET_PARAMS' },
    key: 'ganeti.event.cluster',
    type: 'ganeti-cluster-status',
    kinds: common,
  },
  {
    name: 'tags of an instance',
    input: { OP_ID: 'OP_TAGS_SET', kind: 'instance', name: 'snf-42', tags: ['cyclades:user:web'] },
    key: 'ganeti.snf.event.op',
    type: 'ganeti-op-status',
    kinds: { ...common, instance: 'string', tags: 'list', job_fields: 'object' },
  },
]

for (const { name, input, key, type, kinds } of rows) {
  t.test(`${name} has Synnefo’s routing key, type, keys and types of values`, async (t) => {
    const { routingKey, body } = lastOf({ ...ended, status: 'success', input, log })
    t.equal(routingKey, key)
    t.equal(body['type'], type)
    const told = Object.fromEntries(Object.keys(kinds).map((known) => [known, kindOf(body[known])]))
    t.strictSame(told, kinds)
    t.strictSame(body['event_time'], [120, 0], 'two whole numbers, of the end of the op')
  })
}

const times: readonly [op: OpParts, seconds: number][] = [
  [{ status: 'queued' }, 100],
  [{ status: 'waiting', start: 110 }, 110],
  [{ status: 'running', start: 110, exec: 111 }, 111],
  [{ ...ended, status: 'success' }, 120],
  [{ ...ended, status: 'error' }, 120],
  [{ ...ended, status: 'canceled' }, 120],
]

for (const [op, seconds] of times) {
  t.test(`event_time of ${op.status} is the time that eventd chose`, async (t) => {
    t.strictSame(lastOf(op).body['event_time'], [seconds, 0])
  })
}

t.test('statuses are the seven words that the dispatcher allows; canceled has one l', async (t) => {
  const allowed = ['queued', 'waiting', 'canceling', 'running', 'canceled', 'success', 'error']
  const told = messagesOf({ status: 'canceled', start: 110, end: 120 }).flatMap(({ body }) => {
    const { status } = JSON.parse(body) as { readonly status?: string }
    return status === undefined ? [] : [status]
  })
  t.ok(told.every((status) => allowed.includes(status)))
  t.ok(told.includes('canceled'))
})

t.test('job_fields are the four lists of a create and a change, else empty', async (t) => {
  const fields = (OP_ID: string, input: object = {}) =>
    lastOf({ ...ended, status: 'success', input: { OP_ID, ...input } }).body['job_fields']
  const nics = [['add', '-1', { name: 'snf-nic-302', network: 'snf-net-8', ip: '10.1.0.4' }]]
  t.strictSame(fields('OP_INSTANCE_SET_PARAMS', { nics, beparams: { maxmem: 128 } }), {
    nics,
    disks: null,
    hvparams: null,
    beparams: { maxmem: 128 },
  })
  t.strictSame(fields('OP_INSTANCE_REBOOT'), {})
})

t.test('a failed create never lets a dispatcher submit again from what we left out', async (t) => {
  const input = {
    OP_ID: 'OP_INSTANCE_CREATE',
    opportunistic_locking: true,
    osparams: { img_passwd: 'secret' },
    nics: [{ network: 'snf-net-7' }],
  }
  const result = ['OpPrereqError', ['no memory', 'temp_insufficient_resources']]
  const { body } = lastOf({ ...ended, status: 'error', input, result })
  t.strictSame(Object.keys(Object(body['job_fields'])), ['nics', 'disks', 'hvparams', 'beparams'])
  t.notMatch(JSON.stringify(body), /opportunistic_locking|secret/)
  t.strictSame(body['result'], result)
})

t.test('a running op is not told again when a later op of the job ends', async (t) => {
  const first: OpParts = { ...ended, status: 'success' }
  const ledger = createLedger()
  const tell = (...ops: readonly OpParts[]) => {
    const job = jobOf(jobFile(5, ops))
    const facts = ledger.news(job)
    ledger.record(job, facts)
    return facts.flatMap((fact) => (fact.kind === 'op' ? [`${fact.opIndex} ${fact.status}`] : []))
  }
  tell(first, { status: 'running', start: 121, exec: 122 })
  t.strictSame(tell(first, { status: 'success', start: 121, exec: 122, end: 123 }), ['1 success'])
})

const recorded = readFileSync('test/fixtures/config.data')

/** What is known of f1 of the recording, under another name. */
function known(name: string): KnownInstances {
  const finder = createInstanceConfigFinder(new Set(['f1.lab.example']))
  finder.write(recorded)
  const f1 = finder.end()?.instances.get('f1.lab.example')
  return new Map(f1 === undefined ? [] : [[name, { ...f1, name }]])
}

t.test('details have Synnefo’s keys, and lists where its dispatcher counts on lists', async (t) => {
  const op = { ...ended, status: 'success' }
  const { body } = lastOf(
    { ...op, input: { OP_ID: 'OP_INSTANCE_SET_PARAMS' } },
    known('vm1.example'),
  )
  const { instance_nics: nics, instance_disks: disks, instance_hvparams: hvparams } = body
  t.strictSame([kindOf(nics), kindOf(disks), kindOf(hvparams)], ['list', 'list', 'object'])
  const [nic] = nics as readonly object[]
  t.strictSame(Object.keys(nic ?? {}).sort(), [
    'firewall',
    'ip',
    'link',
    'mac',
    'mode',
    'name',
    'network',
    'uuid',
  ])
  t.match(nic, { network: 'net-public', firewall: 'protected' }, 'a name, and no UUID')
  t.strictSame(Object.keys(Object(hvparams)), ['boot_order', 'cdrom_image_path'])
})

for (const [opcode, status] of [
  ['OP_INSTANCE_REBOOT', 'success'],
  ['OP_INSTANCE_MIGRATE', 'success'],
  ['OP_INSTANCE_FAILOVER', 'success'],
  ['OP_INSTANCE_SET_PARAMS', 'canceled'],
  ['OP_INSTANCE_GROW_DISK', 'canceled'],
] as const) {
  t.test(`${opcode} ${status}, which eventd forgot, carries details`, async (t) => {
    const { body } = lastOf({ ...ended, status, input: { OP_ID: opcode } }, known('vm1.example'))
    t.ok(Array.isArray(body['instance_nics']))
  })
}

t.test('a removed instance and a failed create carry none', async (t) => {
  for (const [opcode, status] of [
    ['OP_INSTANCE_REMOVE', 'success'],
    ['OP_INSTANCE_CREATE', 'error'],
  ] as const) {
    const { body } = lastOf({ ...ended, status, input: { OP_ID: opcode } }, known('vm1.example'))
    t.notOk('instance_nics' in body, opcode)
  }
})
