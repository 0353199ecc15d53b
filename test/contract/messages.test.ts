import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { encodeEvent } from '#event/encode.js'
import type { HeartbeatBody } from '#event/event.js'
import { readProgressFile } from '#event/image-progress.js'
import { masterEvent } from '#event/master-event.js'
import type { Message } from '#event/message.js'
import { nodeEvent } from '#event/node-event.js'
import { parseFact } from '#event/node-fact.js'
import { parseSettledNotice, settledMessage } from '#event/settled-notice.js'
import { parseTagsNotice, tagsMessage } from '#event/tags-notice.js'
import { parseExported } from '#ganeti/exported-variables.js'
import { postHookOf } from '#ganeti/hook-environment.js'
import { createInstanceConfigFinder } from '#ganeti/instance-config-finder.js'
import { decodeJob } from '#ganeti/job-decoder.js'
import { hookedOps, opOfHook } from '#progress/hooked-op.js'
import { jobMessages } from '#progress/job-messages.js'
import { createLedger } from '#progress/ledger.js'
import { netEvent, netFactOf } from '#progress/net-event.js'
import type { KnownInstances } from '#progress/op-event.js'
import { ok } from '#result.js'
import { recordedVersions } from '../support/fixture.js'

/** The samples of docs/messages.md: a fenced block names the recording that it comes from. */
interface Sample {
  readonly source: string
  readonly message: {
    readonly routingKey: string
    readonly messageId: string
    readonly headers: object
    readonly body: { readonly type: string }
  }
}

const text = readFileSync('docs/messages.md', 'utf8')
const samples: readonly Sample[] = [...text.matchAll(/^```json (\S+)\n([\s\S]*?)^```$/gm)].map(
  ([, source = '', json = '']) => ({ source, message: JSON.parse(json) as Sample['message'] }),
)

const cluster = {
  name: 'cluster.lab.example',
  uuid: '4f7a2f5e-6f0e-4a37-9f0b-0d6b2a9c1e10',
  prefixes: new Map<string, string>(),
}
const origin = { node: 'replay', cluster: cluster.name }

/** What the events role makes of a file that it finds in a spool. */
function spooled(file: string): Message {
  const seen = { node: 'n1.lab.example', cluster: cluster.name }
  const origin = { ...seen, prefixes: cluster.prefixes }
  const text = readFileSync(file, 'utf8')
  const parsed = parseFact(text)
  const event = parsed.ok ? ok(nodeEvent(parsed.value, origin)) : readProgressFile(text, origin)
  if (!event.ok) throw new Error(event.problem)
  return encodeEvent(event.value, seen)
}

/** What a recorded hook tells, with the op of the recorded jobs that ran it. */
function hooked(scenario: string): Message {
  const exported = parseExported(readFileSync(`test/fixtures/hooks/${scenario}.txt`, 'utf8'))
  if (exported.kind !== 'variables') throw new Error(exported.kind)
  const hook = postHookOf(exported.values)
  const timeMs = hookTimesMs[scenario] ?? 0
  const id = '6f2d1c52-3d2f-4a8e-9c0b-1f5a3c9be001.00000000000008123456.4711'
  const fact = hook.ok ? netFactOf(hook.value, { id, timeMs, values: exported.values }) : undefined
  if (fact === undefined) throw new Error('tells of no NICs')
  const jobs = recordedVersions('jobs', scenario).flatMap(({ bytes }) => {
    const job = decodeJob(bytes)
    return job.ok ? [job.value] : []
  })
  const op = opOfHook(jobs.flatMap(hookedOps), fact)
  const told = op?.success && { ...op, key: op.success.key }
  return encodeEvent(netEvent(cluster, { fact, op: told, node: origin.node }), origin)
}

/** When Ganeti ran them. */
const hookTimesMs: Readonly<Record<string, number>> = { 'set-params-nic': 1_795_190_443_320 }

function messagesOf(source: string): readonly Message[] {
  if (source.startsWith('hook-')) return [hooked(source.slice('hook-'.length))]
  const file = `test/fixtures/spool/${source}.json`
  return existsSync(file) ? [spooled(file)] : replayed(source)
}

/** Recordings whose samples show details of the instance, as the recorded configuration has them. */
const detailed: ReadonlySet<string> = new Set(['grow-disk', 'tags-instance'])

function recordedInstances(): KnownInstances {
  const finder = createInstanceConfigFinder(new Set(['f1.lab.example', 'file1.lab.example']))
  finder.write(readFileSync('test/fixtures/config.data'))
  return finder.end()?.instances ?? new Map()
}

function replayed(scenario: string): readonly Message[] {
  const ledger = createLedger()
  const instances: KnownInstances = detailed.has(scenario) ? recordedInstances() : new Map()
  return recordedVersions('jobs', scenario).flatMap(({ bytes }) => {
    const outcome = decodeJob(bytes)
    if (!outcome.ok) return []
    const facts = ledger.news(outcome.value)
    ledger.record(outcome.value, facts)
    return jobMessages(cluster, origin, { job: outcome.value, facts, instances })
  })
}

t.test('every type of message in the table has a sample', async (t) => {
  const types = [...text.matchAll(/^\| `([a-z-]+)` \| `/gm)].map(([, type]) => type)
  t.ok(types.length >= 7)
  t.strictSame(
    [...new Set(samples.map(({ message }) => message.body.type))].sort(),
    types.toSorted(),
  )
})

for (const { source, message } of samples) {
  if (['heartbeat', 'master-change', 'tags', 'settled'].includes(source)) continue
  t.test(`the sample ${message.messageId} is what ${source} gives`, async (t) => {
    const made = messagesOf(source).find(({ messageId }) => messageId === message.messageId)
    t.ok(made)
    t.strictSame(
      {
        routingKey: made?.routingKey,
        headers: made?.headers,
        body: JSON.parse(made?.body ?? 'null'),
      },
      { routingKey: message.routingKey, headers: message.headers, body: message.body },
    )
  })
}

t.test('the sample of tags is what our code makes of its body, and reads', async (t) => {
  const sample = samples.find(({ source }) => source === 'tags')?.message
  const notice = parseTagsNotice(JSON.stringify(sample?.body))
  t.ok(notice.ok)
  if (!notice.ok) return
  const { routingKey, messageId, headers, body } = tagsMessage(notice.value, cluster.uuid)
  t.strictSame({ routingKey, messageId, headers, body: JSON.parse(body) }, sample)
})

t.test('the sample of settled jobs is what our code makes of its body, and reads', async (t) => {
  const sample = samples.find(({ source }) => source === 'settled')?.message
  const notice = parseSettledNotice(JSON.stringify(sample?.body))
  t.ok(notice.ok)
  if (!notice.ok) return
  const id = String(sample?.messageId.replace('settled.', ''))
  const made = settledMessage(notice.value, { id, timeSeconds: 0 })
  const { routingKey, messageId, headers, body } = made
  t.strictSame({ routingKey, messageId, headers, body: JSON.parse(body) }, sample)
})

t.test('the sample of a master change is what our code makes of it', async (t) => {
  const sample = samples.find(({ source }) => source === 'master-change')?.message
  const master = 'n2.lab.example'
  const change = { cluster, master, previous: 'n1.lab.example', timeMs: 1795192528921 }
  const made = encodeEvent(masterEvent(change), { node: master, cluster: cluster.name })
  const { routingKey, messageId, headers, body } = made
  t.strictSame({ routingKey, messageId, headers, body: JSON.parse(body) }, sample)
})

t.test('the sample heartbeat is what our code makes of its body', async (t) => {
  const sample = samples.find(({ source }) => source === 'heartbeat')?.message
  const body = sample?.body as HeartbeatBody
  const made = encodeEvent(
    { body, messageId: sample?.messageId ?? '', routingPrefix: '', subject: body.node },
    { node: body.node, cluster: body.cluster },
  )
  t.strictSame(
    { routingKey: made.routingKey, headers: made.headers, body: JSON.parse(made.body) },
    { routingKey: sample?.routingKey, headers: sample?.headers, body: sample?.body },
  )
})
