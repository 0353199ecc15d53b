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

/** What the centre imports. */
const CENTRAL_PACKAGES = [
  '@fastify/swagger',
  'amqplib',
  'better-sqlite3',
  'commander',
  'fastify',
  'ini',
  'kysely',
  'pg',
  'ws',
]

const [which = '', out = '', version = ''] = process.argv.slice(2)
if (!['agent', 'central'].includes(which) || version === '')
  throw new Error('usage: node scripts/stage-package.mjs agent|central DIR VERSION')
process.chdir(ROOT)
const home = which === 'agent' ? 'usr/lib/okeanid' : 'usr/lib/okeanid-central'
const folder = path.join(out, home, 'versions', version)
mkdirSync(folder, { recursive: true })
if (which === 'agent') stageAgent()
else stageCentral()
const { imports } = JSON.parse(readFileSync('package.json', 'utf8'))
const manifest = { name: `okeanid-${which}`, version, private: true, type: 'module', imports }
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
  // a template: nobody enables it but the administrator, for a consumer of his
  const forward = 'okeanid-forward@.service'
  put(`systemd/${forward}`, path.join(out, 'usr/lib/systemd/system', forward))
  cpSync('monitoring', path.join(out, 'usr/share/okeanid/monitoring'), { recursive: true })
}

function stageCentral() {
  for (const house of ['dist/central', 'dist/agent'])
    cpSync(house, path.join(folder, house), {
      recursive: true,
      filter: (file) => !file.endsWith('.map'),
    })
  for (const name of packagesOf(CENTRAL_PACKAGES))
    cpSync(name, path.join(folder, name), { recursive: true, filter: isNeeded })
  execFileSync('chmod', ['-R', 'u=rwX,go=rX,a-x+X', path.join(folder, 'node_modules')]) // some have programs' modes on licences
  put('native/build/Release/okeanid.node', path.join(folder, 'native/build/Release/okeanid.node')) // it talks to systemd
  for (const name of ['dist', 'native', 'node_modules', 'package.json'])
    symlinkSync(`current/${name}`, path.join(out, home, name))
  script(
    'okeanid-central',
    readFileSync('scripts/okeanid-central.sh', 'utf8').replace('@HOME@', `/${home}`),
  )
  put('systemd/okeanid-central.sysusers', path.join(out, 'usr/lib/sysusers.d/okeanid-central.conf'))
  put('systemd/okeanid-central.tmpfiles', path.join(out, 'usr/lib/tmpfiles.d/okeanid-central.conf'))
  put('etc/central.ini', path.join(out, 'etc/okeanid/central.ini'))
}

/**
 * Of SQLite what was compiled, not what it was compiled from; of the others neither types, pages and dot files nor the folders beside
 * their code that only their makers use. Folders of such names within it are code.
 * @param {string} file
 */
function isNeeded(file) {
  if (/better-sqlite3\/(?:deps|src)(?:\/|$)/.test(file)) return false
  if (/better-sqlite3\/build\/(?!Release(?:$|\/better_sqlite3\.node$))/.test(file)) return false
  const [, beside = ''] = /node_modules\/(?:@[^/]+\/)?[^/]+\/([^/]+)$/.exec(file) ?? []
  if (/^(?:tests?|spec|integration|bench|benchmarks?|examples|docs)$/.test(beside)) return false
  return !/\/\.[^/]+$|\.(?:d\.[cm]?ts|map|md|sh|html)$/.test(file)
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

/**
 * Folders of node_modules with these packages and all that they need, from the lock file.
 * @param {readonly string[]} roots @returns {readonly string[]}
 */
function packagesOf(roots) {
  /** @type {{ packages: Record<string, { dependencies?: Record<string, string> }> }} */
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  /** @type {Set<string>} */
  const found = new Set()
  /** @param {string} name @param {string} from */
  const add = (name, from) => {
    const place = `${from === '' ? '' : `${from}/`}node_modules/${name}`
    const isThere = packages[place] !== undefined
    if (!isThere && from !== '')
      return add(name, from.slice(0, Math.max(from.lastIndexOf('/node_modules/'), 0)))
    if (!isThere || found.has(place) || name === 'prebuild-install') return // it served when npm installed
    found.add(place)
    for (const one of Object.keys(packages[place]?.dependencies ?? {})) add(one, place)
  }
  for (const name of roots) add(name, '')
  return [...found]
}

/** @param {string} name @param {string} file */
function program(name, file) {
  script(name, `#!/bin/sh\nexec /usr/bin/node ${file} "$@"\n`)
}

/** @param {string} name @param {string} text */
function script(name, text) {
  const file = path.join(out, 'usr/bin', name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
  chmodSync(file, 0o755)
}

/** @param {string} from @param {string} to */
function put(from, to) {
  mkdirSync(path.dirname(to), { recursive: true })
  cpSync(from, to)
}
