import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { loadConfig } from '#service/config.js'
import { readStartFacts } from '../../agent/bin/start-facts.js'

t.test('bytecode is looked for under the name that nic up asks for', async (t) => {
  const { config } = await loadConfig('/nonexistent.ini', { isRequired: false })
  const root = t.testdir()
  t.equal(readStartFacts(root, config).bytecode, undefined, 'nothing is installed')
  const dist = path.join(root, 'usr/lib/okeanid/dist')
  mkdirSync(dist, { recursive: true })
  const bundle = path.join(dist, 'nic.cjs')
  writeFileSync(bundle, '// something else\n')
  t.equal(readStartFacts(root, config).bytecode, undefined, 'a script of another kind')
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as scripts/bundle-hook.mjs writes it
  writeFileSync(bundle, 'const script = `${__dirname}/nic-0123456789abcdef`\n')
  const cache = (node: string) => path.join(dist, `nic-0123456789abcdef-${node}.cache`)
  writeFileSync(cache(`v0.0.1-${process.arch}`), '')
  t.same(readStartFacts(root, config).bytecode, { bundle, isThere: false }, 'of another Node')
  writeFileSync(cache(`${process.version}-${process.arch}`), '')
  t.same(readStartFacts(root, config).bytecode, { bundle, isThere: true })
})

t.test('folders that nic up does not know of', async (t) => {
  const { config } = await loadConfig('/nonexistent.ini', { isRequired: false })
  t.same(readStartFacts('/nonexistent', config).movedFolders, [])
  const agent = { ...config.agent, runtime_directory: '/srv/run' }
  t.same(readStartFacts('/nonexistent', { agent }).movedFolders, [
    { key: 'runtime_directory', folder: '/srv/run', usual: '/run/okeanid' },
  ])
})
