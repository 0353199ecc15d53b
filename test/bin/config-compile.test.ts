import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { writeCompiled } from '#bin/config-compile.js'
import { readCompiled } from '#bin/nic-compiled.js'
import { nicPlaces } from '#bin/nic-places.js'
import { parseConfig } from '#service/config.js'

const skip = process.getuid?.() === 0 ? false : 'wants root: files are root’s'

function configOf(stateDirectory: string) {
  const text = `[agent]\nstate_directory = ${stateDirectory}\n[nic]\nstance = observe\n[network pub]\nfirewall = protected\n`
  return parseConfig([{ file: 'okeanid.ini', text }])
}

t.test('what is compiled is what nic up goes by', { skip }, async (t) => {
  const stateDirectory = t.testdir()
  const places = nicPlaces({ stateDirectory })
  t.match(readCompiled(places), { problem: undefined, warnings: [/built-in defaults hold/] })
  t.equal(await writeCompiled(configOf(stateDirectory)), places.configFile)
  t.equal(statSync(places.configFile).mode & 0o777, 0o600)
  t.equal(statSync(path.dirname(places.configFile)).mode & 0o777, 0o700)
  const { config, warnings, problem } = readCompiled(places)
  t.same({ warnings, problem }, { warnings: [], problem: undefined })
  t.equal(config.setup.stance, 'observe')
  t.equal(config.networks.get('pub')?.firewall, 'protected')
})

t.test(
  'a compiled configuration that is damaged is told, not replaced by defaults',
  { skip },
  async (t) => {
    const stateDirectory = t.testdir({ nics: {} })
    const places = nicPlaces({ stateDirectory })
    writeFileSync(places.configFile, '')
    t.match(readCompiled(places).problem, /is not understood: .*okeanid config compile/)
  },
)

t.test('a failed write leaves the old one and nothing else', { skip }, async (t) => {
  const stateDirectory = t.testdir({ nics: {} })
  const places = nicPlaces({ stateDirectory })
  mkdirSync(path.join(places.configFile, 'in-the-way'), { recursive: true })
  await t.rejects(writeCompiled(configOf(stateDirectory)))
  t.same(readdirSync(path.dirname(places.configFile)), ['config.json'])
  t.match(readCompiled(places).problem, /cannot be read \(EISDIR\)/)
})
