import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'

/** The linter refuses what the layers do not allow: each rule is shown by a line that breaks it. */

const { vcs: _vcs, ...config } = JSON.parse(readFileSync('biome.json', 'utf8')) as {
  readonly vcs: unknown
  readonly overrides: readonly { readonly includes: readonly string[] }[]
}

/** What the linter says of a source at this place of a tree with our rules. */
function verdict(t: Test, file: string, source: string): string {
  const tree = t.testdir()
  writeFileSync(path.join(tree, 'biome.json'), JSON.stringify(config))
  mkdirSync(path.join(tree, path.dirname(file)), { recursive: true })
  writeFileSync(path.join(tree, file), source)
  const biome = path.resolve('node_modules/.bin/biome')
  const { stdout, stderr } = spawnSync(biome, ['lint', file], { cwd: tree, encoding: 'utf8' })
  return `${stdout}${stderr}`
}

t.test('every room has an allow-list of its own', async (t) => {
  const rooms = readdirSync('agent', { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [entry.name] : [],
  )
  for (const room of rooms)
    t.ok(
      config.overrides.some(({ includes }) => includes.includes(`agent/${room}/**`)),
      room,
    )
})

const refused: readonly { what: string; file: string; source: string; rule: string }[] = [
  {
    what: 'a pure room that reads files',
    file: 'agent/ganeti/x.ts',
    source: "import 'node:fs'",
    rule: 'noRestrictedImports',
  },
  {
    what: 'a pure room with a package',
    file: 'agent/progress/x.ts',
    source: "import 'lossless-json'",
    rule: 'noRestrictedImports',
  },
  {
    what: 'a pure room with a clock',
    file: 'agent/event/x.ts',
    source: 'export const x = Date.now()',
    rule: 'noRestrictedGlobals',
  },
  {
    what: 'a lower floor that looks up',
    file: 'agent/ganeti/x.ts',
    source: "import '#progress/ledger.js'",
    rule: 'noRestrictedImports',
  },
  {
    what: 'an edge that looks at another edge',
    file: 'agent/watch/x.ts',
    source: "import '#outbox/outbox.js'",
    rule: 'noRestrictedImports',
  },
  {
    what: 'a room that is to come and reaches too far',
    file: 'agent/wire/dhcpv4/x.ts',
    source: "import '#binding/binding.js'",
    rule: 'noRestrictedImports',
  },
  {
    what: 'a way out by the stairs',
    file: 'agent/event/x.ts',
    source: "import '../ganeti/job.js'",
    rule: 'noRestrictedImports',
  },
  {
    what: 'the centre that looks at the node',
    file: 'central/x.ts',
    source: "import '#watch/trigger.js'",
    rule: 'noRestrictedImports',
  },
  {
    what: 'a room that reads the environment',
    file: 'agent/service/x.ts',
    source: "export const x = process.env['X']",
    rule: 'noProcessEnv',
  },
  {
    what: 'floor 0 with a room',
    file: 'agent/result.ts',
    source: "import '#addr/ipv4.js'",
    rule: 'noRestrictedImports',
  },
]

for (const c of refused) {
  t.test(`refuses ${c.what}`, async (t) => {
    t.match(verdict(t, c.file, `${c.source}\n`), c.rule)
  })
}

t.test('lets a room use what its list names', async (t) => {
  t.notMatch(
    verdict(t, 'agent/progress/x.ts', "import '#event/event.js'\nimport '#result.js'\n"),
    'noRestrictedImports',
  )
  t.notMatch(
    verdict(t, 'agent/watch/x.ts', "import 'node:fs/promises'\nimport 'chokidar'\n"),
    'noRestrictedImports',
  )
})
