import { renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { createDetailsReader } from '#bin/details-reader.js'
import { createEventCounters } from '#bin/event-counters.js'
import { createMetrics } from '#service/metrics.js'

/** Writes the configuration as Ganeti does: whole, by rename. */
function writeConfig(directory: string, content: object): void {
  const temporary = path.join(directory, 'config.data.new')
  writeFileSync(temporary, JSON.stringify(content))
  renameSync(temporary, path.join(directory, 'config.data'))
}

function configOf(mtime: number, instances: Readonly<Record<string, number>>): object {
  const entries = Object.entries(instances).map(([name, changed], index) => [
    `uuid-${index}`,
    { name, mtime: changed, serial_no: 1, tags: [`of:${mtime}`] },
  ])
  return { mtime, instances: Object.fromEntries(entries) }
}

function open(directory: string) {
  const lines: string[] = []
  const counters = createEventCounters(createMetrics())
  const reader = createDetailsReader({
    paths: { dataDirectory: directory },
    counters,
    log: (_level, event, fields) => lines.push(`${event} ${JSON.stringify(fields)}`),
  })
  return { reader, counters, lines }
}

const never = new AbortController().signal
const at = (seconds: number) => ({ seconds, microseconds: 0 })
const changed = (instance: string) => ({ instance, writtenSince: at(100), endedAt: at(110) })
const started = (instance: string) => ({ instance, writtenSince: undefined, endedAt: at(110) })

t.test('details of all that are wanted come from one reading', async (t) => {
  const directory = t.testdir()
  writeConfig(directory, configOf(120, { vm1: 50, vm2: 105, vm3: 1 }))
  const { reader, counters, lines } = open(directory)
  const found = await reader.read([changed('vm1'), changed('vm2'), started('vm2')], never)
  t.strictSame([...found.keys()], ['vm1', 'vm2'])
  t.strictSame(lines, [])
  t.equal(counters.detailsMissing.total(), 0)
})

t.test('who asks while another reads is answered too', async (t) => {
  const directory = t.testdir()
  writeConfig(directory, configOf(120, { vm1: 50, vm2: 105 }))
  const { reader, lines } = open(directory)
  const asked = ['vm1', 'vm2', 'vm1'].map((name) => reader.read([started(name)], never))
  const found = await Promise.all(asked)
  t.strictSame(
    found.map((one) => [...one.keys()]),
    [['vm1'], ['vm2'], ['vm1']],
  )
  t.strictSame(lines, [])
})

t.test('a configuration that Ganeti writes just after the job is waited for', async (t) => {
  const directory = t.testdir()
  writeConfig(directory, configOf(90, { vm1: 50 }))
  const { reader, lines } = open(directory)
  const reading = reader.read([changed('vm1'), changed('new')], never)
  setImmediate(() => writeConfig(directory, configOf(105, { vm1: 104, new: 105 })))
  const found = await reading
  t.strictSame(found.get('vm1')?.tags, ['of:105'])
  t.strictSame([...found.keys()], ['vm1', 'new'])
  t.strictSame(lines, [])
})

t.test(
  'an instance that is removed already has no details, at once and without a word',
  async (t) => {
    const directory = t.testdir()
    writeConfig(directory, configOf(120, {}))
    const { reader, lines } = open(directory)
    t.equal((await reader.read([changed('vm1'), started('vm2')], never)).size, 0)
    t.strictSame(lines, [])
  },
)

t.test('the state before the op is never told: it goes without, counted and logged', async (t) => {
  const directory = t.testdir()
  writeConfig(directory, configOf(90, { vm1: 50, vm2: 60 }))
  const { reader, counters, lines } = open(directory)
  const found = await reader.read([changed('vm1'), started('vm1'), started('vm2')], never)
  t.strictSame([...found.keys()], ['vm2'])
  t.equal(counters.detailsMissing.total(), 2)
  t.match(lines, [/^instance-details-missing .*"vm1".*too old/])
})

t.test('without a file statuses go without details', async (t) => {
  const { reader, counters, lines } = open(t.testdir())
  t.equal((await reader.read([changed('vm1')], never)).size, 0)
  t.equal(counters.detailsMissing.total(), 1)
  t.match(lines, [/^instance-details-missing .*could not be read/])
})

t.test('who wants nothing reads nothing', async (t) => {
  const { reader, lines } = open(t.testdir())
  t.equal((await reader.read([], never)).size, 0)
  t.strictSame(lines, [])
})

t.test('a stop is not waited for', async (t) => {
  const { reader } = open(t.testdir())
  t.equal((await reader.read([changed('vm1')], AbortSignal.abort())).size, 0)
})

t.test(
  'what is so now: an instance that is not there is no trouble, a file that is not is',
  async (t) => {
    const directory = t.testdir()
    const { reader, counters } = open(directory)
    t.equal(await reader.readNow(['vm1'], never), undefined)
    writeConfig(directory, configOf(120, { vm1: 50 }))
    t.strictSame([...((await reader.readNow(['vm1', 'gone'], never))?.keys() ?? [])], ['vm1'])
    t.equal(counters.detailsMissing.total(), 0)
  },
)
