import t from 'tap'
import { decodeJob, describeJobProblem } from '#ganeti/job-decoder.js'
import { formatJson } from '#ganeti/json-value.js'
import { recordedVersions, scenarioNames } from '../support/fixture.js'

const bytesOf = (text: string) => new TextEncoder().encode(text)

const op = '{"input":{"OP_ID":"OP_X"},"status":"queued","result":null,"log":[]}'

const notJobs: readonly { name: string; text: string; says: string }[] = [
  { name: 'an empty file', text: '', says: 'the file is empty' },
  {
    name: 'a file cut in the middle',
    text: `{"id":1,"ops":[${op}`,
    says: 'the file ends in the middle of the JSON',
  },
  { name: 'zeros after a crash', text: '\0\0\0\0', says: 'no JSON from byte 0 on' },
  { name: 'a list', text: `[${op}]`, says: 'id is not a job number' },
  { name: 'a job without id', text: `{"ops":[${op}]}`, says: 'id is not a job number' },
  {
    name: 'a job with a negative id',
    text: `{"id":-1,"ops":[${op}]}`,
    says: 'id is not a job number',
  },
  { name: 'a job without ops', text: '{"id":1,"ops":[]}', says: 'there are no ops' },
  { name: 'ops that are no list', text: `{"id":1,"ops":{"0":${op}}}`, says: 'there are no ops' },
  {
    name: 'an op that is a number',
    text: '{"id":1,"ops":[1]}',
    says: 'ops[0] has no known status',
  },
  {
    name: 'a status of the original’s spelling',
    text: `{"id":1,"ops":[${op.replace('queued', 'cancelled')}]}`,
    says: 'ops[0] has no known status',
  },
]

for (const c of notJobs) {
  t.test(`refuses ${c.name}`, async (t) => {
    const outcome = decodeJob(bytesOf(c.text))
    t.equal(outcome.ok ? 'a job' : describeJobProblem(outcome.problem), c.says)
  })
}

t.test('reads every recorded version, also those of other writers and locales', async (t) => {
  for (const kind of ['jobs', 'jobs-candidate'] as const) {
    for (const scenario of scenarioNames(kind)) {
      for (const { file, bytes, jobId } of recordedVersions(kind, scenario)) {
        const outcome = decodeJob(bytes)
        t.ok(outcome.ok && outcome.value.id === jobId, `${scenario}/${file}`)
      }
    }
  }
})

t.test('keeps of a huge log only the newest line', async (t) => {
  const line = (serial: number) => `[${serial},[1,2],"message","${'x'.repeat(1000)} ${serial}"]`
  const log = Array.from({ length: 2000 }, (_, index) => line(index + 1)).join(',')
  const outcome = decodeJob(bytesOf(`{"id":1,"ops":[${op.replace('"log":[]', `"log":[${log}]`)}]}`))
  t.ok(outcome.ok)
  if (!outcome.ok) return
  t.equal(outcome.value.ops[0]?.lastLog?.serial, 2000)
})

t.test('passes over parameters that are not on the list, secrets among them', async (t) => {
  const input =
    '{"OP_ID":"OP_INSTANCE_CREATE","instance_name":"vm1","osparams_private":{"pw":"sekrit"},"hvparams":{}}'
  const outcome = decodeJob(bytesOf(`{"id":1,"ops":[${op.replace('{"OP_ID":"OP_X"}', input)}]}`))
  t.ok(outcome.ok)
  if (!outcome.ok) return
  t.strictSame(Object.keys(outcome.value.ops[0]?.input ?? {}), [
    'OP_ID',
    'instance_name',
    'hvparams',
  ])
})

t.test('does not keep the whole opcodes inside OP_INSTANCE_MULTI_ALLOC', async (t) => {
  const input =
    '{"OP_ID":"OP_INSTANCE_MULTI_ALLOC","instances":[{"OP_ID":"OP_INSTANCE_CREATE","osparams_private":{"pw":"sekrit"}}]}'
  const outcome = decodeJob(bytesOf(`{"id":1,"ops":[${op.replace('{"OP_ID":"OP_X"}', input)}]}`))
  t.ok(outcome.ok)
  if (!outcome.ok) return
  t.notMatch(formatJson(outcome.value.ops[0]?.input ?? {}), /sekrit/)
})

t.test('leaves out a result beyond the cap, not the job', async (t) => {
  const outcome = decodeJob(
    bytesOf(`{"id":1,"ops":[${op.replace('"result":null', `"result":"${'x'.repeat(100_000)}"`)}]}`),
  )
  t.ok(outcome.ok)
  if (!outcome.ok) return
  t.equal(outcome.value.ops[0]?.result, undefined)
})

t.test('a time before 1970 is no time: AMQP could not carry it', async (t) => {
  const outcome = decodeJob(bytesOf(`{"id":1,"received_timestamp":[-1,0],"ops":[${op}]}`))
  t.ok(outcome.ok)
  if (outcome.ok) t.equal(outcome.value.receivedTime, undefined)
})

t.test('of a log plain lines are kept, cut, up to the four thousandth entry', async (t) => {
  const log = Array.from({ length: 5000 }, (_, index) => [
    index + 1,
    [100, 0],
    index === 1 ? 'remote-import' : 'message',
    index === 1 ? { x509_ca: 'secret' } : index === 2 ? 'x'.repeat(5000) : `line ${index + 1}`,
  ])
  const job = { id: 1, ops: [{ input: { OP_ID: 'OP_X' }, status: 'running', log }] }
  const outcome = decodeJob(new TextEncoder().encode(JSON.stringify(job)))
  const [op] = outcome.ok ? outcome.value.ops : []
  t.equal(op?.log.length, 3999)
  t.strictSame(
    op?.log.slice(0, 2).map(({ serial, text }) => [serial, text.length]),
    [
      [1, 6],
      [3, 1000],
    ],
  )
  t.equal(op?.log.at(-1)?.serial, 4000)
  t.equal(op?.lastLog?.serial, 5000)
})
