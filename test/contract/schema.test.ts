import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { messageSchema } from '#event/schema.js'
import { createInstanceConfigFinder } from '#ganeti/instance-config-finder.js'
import { decodeJob } from '#ganeti/job-decoder.js'
import { jobMessages } from '#progress/job-messages.js'
import { createLedger } from '#progress/ledger.js'
import { recordedVersions, scenarioNames } from '../support/fixture.js'

const ajv = new Ajv2020({ strict: false, allErrors: false })
const validate = ajv.compile(messageSchema())
const documented = readFileSync('docs/messages.md', 'utf8')

/** What is wrong with a body, in a line; nothing for one that fits. */
function faults(body: unknown): string | undefined {
  return validate(body) ? undefined : ajv.errorsText(validate.errors)
}

const samples = [...documented.matchAll(/^```json (\S+)\n([\s\S]*?)^```$/gm)].map(
  ([, source = '', json = '']) => ({
    source,
    body: (JSON.parse(json) as { readonly body: Readonly<Record<string, unknown>> }).body,
  }),
)

t.test('every sample of docs/messages.md fits', async (t) => {
  t.ok(samples.length >= 15)
  for (const { source, body } of samples) t.equal(faults(body), undefined, source)
})

t.test('every key that the schema wants of a sample is wanted', async (t) => {
  for (const { source, body } of samples) {
    for (const key of Object.keys(body)) {
      const { [key]: _gone, ...rest } = body
      const isOptional =
        /^(?:instance_|(?:previous_)?master_node$|node_version$|config$|roles$)/.test(key) ||
        isOwn(body, key)
      if (!isOptional) t.ok(faults(rest), `${source} without ${key}`)
    }
  }
})

/** Whether an install's own words: they may be missing. */
function isOwn(body: Readonly<Record<string, unknown>>, key: string): boolean {
  const sets = ['type', 'event_time', 'cluster', 'node', 'instance', 'progress']
  return String(body['type']).startsWith('image-') && !sets.includes(key)
}

t.test('a new key is no fault, another type and a misspelt status are', async (t) => {
  const [sample] = samples.filter(({ body }) => body['type'] === 'ganeti-op-status')
  t.equal(faults({ ...sample?.body, newer: { x: 1 } }), undefined)
  t.ok(faults({ ...sample?.body, type: 'ganeti-op-state' }))
  t.ok(faults({ ...sample?.body, status: 'cancelled' }))
  t.ok(faults({ ...sample?.body, event_time: 1795190419.8 }))
})

const cluster = { name: 'cluster.lab.example', uuid: 'u', prefixes: new Map<string, string>() }
const config = readFileSync('test/fixtures/config.data')
const names = [...config.toString().matchAll(/"name":"([a-z0-9]+\.lab\.example)"/g)]

function recordedInstances() {
  const finder = createInstanceConfigFinder(new Set(names.map(([, name = '']) => name)))
  finder.write(config)
  return finder.end()?.instances ?? new Map()
}

t.test('every message of every recorded job fits, with and without details', async (t) => {
  const instances = recordedInstances()
  let detailedCount = 0
  for (const scenario of scenarioNames('jobs')) {
    const ledger = createLedger()
    const found: string[] = []
    for (const { bytes } of recordedVersions('jobs', scenario)) {
      const job = decodeJob(bytes)
      if (!job.ok) continue
      const facts = ledger.news(job.value)
      ledger.record(job.value, facts)
      const told = { job: job.value, facts, instances }
      for (const { body } of jobMessages(cluster, { node: 'n', cluster: 'c' }, told)) {
        const value: unknown = JSON.parse(body)
        if (body.includes('"instance_nics"')) detailedCount++
        const fault = faults(value)
        if (fault !== undefined) found.push(`${fault}: ${body}`)
      }
    }
    t.strictSame(found, [], scenario)
  }
  t.ok(detailedCount > 20, `${detailedCount} messages with details`)
})

t.test('the schema in docs is what the program prints, of one type as well', async (t) => {
  const print = (...type: readonly string[]) =>
    spawnSync(process.execPath, ['dist/agent/bin/okeanid.js', 'events', 'schema', ...type], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '' },
    })
  const kept = readFileSync('docs/messages.schema.json', 'utf8')
  t.strictSame(JSON.parse(print().stdout), JSON.parse(kept))
  const alone = ajv.compile(JSON.parse(print('eventd-heartbeat').stdout) as object)
  t.ok(alone(samples.find(({ source }) => source === 'heartbeat')?.body))
  t.match(print('bogus'), {
    status: 1,
    stderr: /bogus: is no type of message; there are ganeti-op/,
  })
})
