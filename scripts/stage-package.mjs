// @ts-check
// node scripts/stage-package.mjs agent|central DIR VERSION: the files of a Debian package below DIR, from what tsc, node-gyp and npm have made.
//
//   usr/lib/okeanid/versions/VERSION/     the program with its addon: one folder, so that no part of it is ever of another version
//   usr/lib/okeanid/{dist,hooks,native}   links through `current`, which the package's scripts switch in one step
//
// The agent is bundled: one command reads a handful of files instead of a hundred. The centre comes with its packages as they are.
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { ROOT } from './program.mjs'

const [which = '', out = '', version = ''] = process.argv.slice(2)
if (!['agent', 'central'].includes(which) || version === '')
  throw new Error('usage: node scripts/stage-package.mjs agent|central DIR VERSION')
process.chdir(ROOT)
const home = which === 'agent' ? 'usr/lib/okeanid' : 'usr/lib/okeanid-central'
const folder = path.join(out, home, 'versions', version)
mkdirSync(folder, { recursive: true })
if (which === 'agent') stageAgent()
else stageCentral()
const manifest = { name: `okeanid-${which}`, version, private: true, type: 'module' }
writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)

function stageAgent() {
  const entries = ['okeanid.js', 'responder-thread.js'].map((name) => `dist/agent/bin/${name}`)
  bundle(entries, path.join(folder, 'dist'))
  execFileSync(process.execPath, ['scripts/bundle-hook.mjs', path.join(folder, 'dist/nic.cjs')])
  cpSync('scripts/bytecode.mjs', path.join(folder, 'dist/bytecode.mjs'))
  cpSync('hooks', path.join(folder, 'hooks'), { recursive: true })
  put('native/build/Release/okeanid.node', path.join(folder, 'native/build/Release/okeanid.node'))
  for (const name of ['dist', 'hooks', 'native', 'package.json'])
    symlinkSync(`current/${name}`, path.join(out, home, name))
  program('okeanid', `/${home}/dist/agent/bin/okeanid.js`)
  put('systemd/okeanid.sysusers', path.join(out, 'usr/lib/sysusers.d/okeanid.conf'))
  put('systemd/okeanid.tmpfiles', path.join(out, 'usr/lib/tmpfiles.d/okeanid.conf'))
  put('etc/okeanid.ini', path.join(out, 'etc/okeanid/okeanid.ini'))
}

function stageCentral() {
  cpSync('dist/central', path.join(folder, 'dist/central'), { recursive: true })
  cpSync('dist/agent', path.join(folder, 'dist/agent'), { recursive: true })
  for (const name of productionPackages())
    cpSync(name, path.join(folder, name), { recursive: true })
  for (const name of ['dist', 'node_modules', 'package.json'])
    symlinkSync(`current/${name}`, path.join(out, home, name))
  program('okeanid-central', `/${home}/dist/central/bin/okeanid-central.js`)
  put('etc/central.ini', path.join(out, 'etc/okeanid/central.ini'))
}

/**
 * What tsc emitted, not what tsconfig.json's paths lead to: the tests ran that.
 * @param {readonly string[]} entries @param {string} to
 */
function bundle(entries, to) {
  const banner =
    "import { createRequire as requireFor } from 'node:module'; const require = requireFor(import.meta.url);"
  execFileSync('node_modules/.bin/esbuild', [
    ...entries,
    '--bundle',
    '--splitting',
    '--format=esm',
    '--platform=node',
    '--target=node20.19',
    '--tsconfig-raw={}',
    '--legal-comments=inline',
    '--log-level=warning',
    '--outbase=dist',
    `--outdir=${to}`,
    '--chunk-names=agent/bin/part-[hash]', // as deep as the rooms: what is found relative to them still is
    `--banner:js=${banner}`,
  ])
}

/** Folders of node_modules that `npm ci --omit=dev` would make, from the lock file. @returns {readonly string[]} */
function productionPackages() {
  /** @type {{ packages: Record<string, { dev?: boolean, link?: boolean, optional?: boolean }> }} */
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  return Object.entries(packages)
    .filter(([name, { dev, link }]) => name !== '' && !dev && !link)
    .map(([name]) => name)
}

/** @param {string} name @param {string} script */
function program(name, script) {
  const file = path.join(out, 'usr/bin', name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, `#!/bin/sh\nexec /usr/bin/node ${script} "$@"\n`)
  chmodSync(file, 0o755)
}

/** @param {string} from @param {string} to */
function put(from, to) {
  mkdirSync(path.dirname(to), { recursive: true })
  cpSync(from, to)
}
