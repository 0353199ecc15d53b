import fc from 'fast-check'
import t from 'tap'
import { beyondBounds } from '#script/bounds.js'
import { isWanted, parseRunId, parseRunResult, type RunResult, runId } from '#script/result.js'
import { settingNames } from '#script/settings.js'

const result: RunResult = {
  hook: 42,
  script: '50-dns-update',
  attempt: 1,
  file: '/etc/okeanid/hooks/post-instance-start.d/50-dns-update',
  operation: 'instance-start',
  opcode: 'OP_INSTANCE_STARTUP',
  target: 'vm1.example.org',
  job: '7',
  startedMs: 1000,
  endedMs: 2000,
  ending: { kind: 'failed', status: 3 },
  retryAtMs: 12_000,
  outputBytes: 5,
  isCut: false,
}

t.test('a run has one name everywhere', async (t) => {
  t.equal(runId(result), '42-50-dns-update-1')
  t.match(parseRunId('42-50-dns-update-1'), { hook: 42, script: '50-dns-update', attempt: 1 })
  for (const text of ['', '42', '42-1', '../42-x-1', '42-x.y-1'])
    t.equal(parseRunId(text), undefined, text)
})

t.test('what is kept is read back', async (t) => {
  t.strictSame(parseRunResult(JSON.parse(JSON.stringify(result))), result)
  const bare = { ...result, job: undefined, retryAtMs: undefined, ending: { kind: 'ok' } as const }
  t.strictSame(parseRunResult(JSON.parse(JSON.stringify(bare))), bare)
})

t.test('reading what somebody else wrote never throws', async () => {
  const wild = fc.record(
    {
      ...Object.fromEntries(
        Object.entries(result).map(([key, value]) => [key, fc.constant(value)]),
      ),
      ending: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), wild), (value) => {
      const parsed = parseRunResult(value)
      return parsed === undefined || typeof parsed.ending.kind === 'string'
    }),
  )
})

for (const { query, wanted } of [
  { query: {}, wanted: true },
  { query: { instance: 'vm1.example.org' }, wanted: true },
  { query: { instance: 'vm1' }, wanted: true },
  { query: { instance: 'vm' }, wanted: false },
  { query: { operation: 'instance-start' }, wanted: true },
  { query: { operation: 'OP_INSTANCE_STARTUP' }, wanted: true },
  { query: { operation: 'instance-stop' }, wanted: false },
  { query: { isFailedOnly: true }, wanted: true },
])
  t.test(`asked for ${JSON.stringify(query)}`, async (t) =>
    t.equal(isWanted(result, query), wanted),
  )

t.test('what went well is no failure', async (t) => {
  t.equal(isWanted({ ...result, ending: { kind: 'ok' } }, { isFailedOnly: true }), false)
})

const kept = [1, 2, 3, 4].map((hook) => ({
  id: `${hook}-x-1`,
  hook,
  endedMs: hook * 1000,
  bytes: 100,
}))
const wide = { count: 100, ageMs: 1_000_000, bytes: 1_000_000 }
for (const { name, bounds, open, gone } of [
  { name: 'within all bounds all stay', bounds: wide, open: 0, gone: [] },
  { name: 'too many: the oldest go', bounds: { ...wide, count: 2 }, open: 0, gone: [1, 2] },
  { name: 'too large: the oldest go', bounds: { ...wide, bytes: 150 }, open: 0, gone: [1, 2, 3] },
  { name: 'too old', bounds: { ...wide, ageMs: 7500 }, open: 0, gone: [1, 2] },
  {
    name: 'those of a hook under way stay',
    bounds: { ...wide, count: 1 },
    open: 2,
    gone: [1, 3, 4],
  },
])
  t.test(name, async (t) => {
    const found = beyondBounds(kept, bounds, { nowMs: 10_000, isOpen: (hook) => hook === open })
    t.strictSame(
      found.map(({ hook }) => hook),
      gone,
    )
  })

t.test('a section may leave out the number by which files are ordered', async (t) => {
  t.strictSame(settingNames('50-dns-update'), ['50-dns-update', 'dns-update'])
  t.strictSame(settingNames('mine'), ['mine'])
  t.strictSame(settingNames('50-'), ['50-'])
})
