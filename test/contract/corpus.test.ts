import t from 'tap'
import type { Message } from '#event/message.js'
import { decodeJob } from '#ganeti/job-decoder.js'
import { jobMessages } from '#progress/job-messages.js'
import { createLedger } from '#progress/ledger.js'
import { recordedVersions, scenarioNames } from '../support/fixture.js'

/**
 * Every recorded job of a real cluster goes through the code that live ones go through. What the recording shows is read
 * here with JSON.parse, independently of our own decoder.
 */

interface RecordedOp {
  readonly input: {
    readonly OP_ID: string
    readonly instance_name?: string
    readonly network_name?: string
  }
  readonly status: string
  readonly exec_timestamp: readonly [number, number] | null
}

const cluster = { name: 'cluster.lab.example', uuid: 'u', prefixes: new Map<string, string>() }
const origin = { node: 'n1.lab.example', cluster: cluster.name }

/** Sends versions of job files, one after the other, through one ledger. */
function replay(versions: readonly { readonly bytes: Uint8Array }[]): readonly Message[] {
  const ledger = createLedger()
  return versions.flatMap(({ bytes }) => {
    const outcome = decodeJob(bytes)
    if (!outcome.ok) return []
    const job = outcome.value
    const facts = ledger.news(job)
    ledger.record(job, facts)
    return jobMessages(cluster, origin, { job, facts })
  })
}

interface Told {
  readonly type: string
  readonly jobId: number
  readonly op_index?: number
  readonly status: string
  readonly ops?: readonly { readonly status: string }[]
}

const bodies = (messages: readonly Message[]) =>
  messages.map(({ body }) => JSON.parse(body) as Told)

function withoutRepeats(items: readonly string[]): readonly string[] {
  return items.filter((item, index) => item !== items[index - 1])
}

/** For each job, what its ops looked like in each version. */
function recorded(kind: 'jobs' | 'jobs-candidate', scenario: string) {
  const jobs = new Map<number, RecordedOp[][]>()
  for (const { jobId, bytes } of recordedVersions(kind, scenario)) {
    const { ops } = JSON.parse(Buffer.from(bytes).toString()) as { readonly ops: RecordedOp[] }
    jobs.set(jobId, [...(jobs.get(jobId) ?? []), ops])
  }
  return jobs
}

/** States before the first one that was recorded: a job that was recorded late went through them unseen. */
function statesBefore(op: RecordedOp): readonly string[] {
  if (op.status === 'queued') return []
  return op.exec_timestamp === null ? ['queued', 'waiting'] : ['queued', 'waiting', 'running']
}

for (const kind of ['jobs', 'jobs-candidate'] as const) {
  for (const scenario of scenarioNames(kind)) {
    t.test(
      `${kind}/${scenario}: messages are the states that the recorded versions show, each once`,
      async (t) => {
        const messages = replay(recordedVersions(kind, scenario))
        const told = bodies(messages)
        for (const [jobId, versions] of recorded(kind, scenario)) {
          const first = versions[0]?.[0]?.status ?? ''
          const isWhole = first === 'queued'
          const ofJob = told.filter((body) => body.jobId === jobId)
          const vectors = ofJob.flatMap(({ ops }) =>
            ops ? [ops.map(({ status }) => status).join()] : [],
          )
          const shown = withoutRepeats(
            versions.map((ops) => ops.map(({ status }) => status).join()),
          )
          if (isWhole) t.strictSame(vectors, shown, `job ${jobId}`)
          else t.equal(vectors.at(-1), shown.at(-1), `job ${jobId}, recorded late`)
          for (const [index, op] of (versions[0] ?? []).entries()) {
            const name = op.input.instance_name ?? op.input.network_name
            if (!/^OP_(INSTANCE|NETWORK)_/.test(op.input.OP_ID) || name === undefined) continue
            const statuses = ofJob
              .filter(({ type, op_index: of }) => type !== 'ganeti-op-log' && of === index)
              .map(({ status }) => status)
            const seen = withoutRepeats(versions.map((ops) => ops[index]?.status ?? ''))
            const filled = statesBefore(op)
            t.strictSame(statuses, [...filled, ...seen], `job ${jobId} op ${index}`)
          }
        }
      },
    )

    t.test(`${kind}/${scenario}: the last version alone tells the same`, async (t) => {
      const versions = recordedVersions(kind, scenario)
      const last = new Map(versions.map((version) => [version.jobId, version]))
      const ids = (messages: readonly Message[]) =>
        messages.map(({ messageId }) => messageId).sort()
      t.strictSame(ids(replay([...last.values()])), ids(replay(versions)))
    })

    t.test(
      `${kind}/${scenario}: different facts have different ids, secrets stay, all is ASCII`,
      async (t) => {
        const messages = replay(recordedVersions(kind, scenario))
        t.equal(new Set(messages.map(({ messageId }) => messageId)).size, messages.length)
        for (const { body, messageId } of messages) {
          t.notMatch(
            body,
            /corpus-(?!r[wo]\b)[a-z]+|osparams|<redacted>|BEGIN [A-Z ]*(CERTIFICATE|KEY)/,
            messageId,
          )
          t.match(body, /^[\x20-\x7e]+$/, messageId)
          t.match(messageId, /^[\x21-\x7e]{1,255}$/)
        }
      },
    )
  }
}

t.test('the recordings do hold secrets, or the tests above would prove nothing', async (t) => {
  const texts = recordedVersions('jobs', 'private-secret').map(({ bytes }) =>
    Buffer.from(bytes).toString(),
  )
  t.ok(texts.some((text) => /osparams_private.*corpus-[a-z]+/.test(text)))
})
