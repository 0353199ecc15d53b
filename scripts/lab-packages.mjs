// @ts-check
// node scripts/lab-packages.mjs [VERSION]: Debian packages of this work tree as it is built now, for the lab and the demo; prints their
// folder. By the same debian/rules and the same debhelper as npm run package, but neither from a clean clone nor packed small nor looked
// through by lintian: that takes minutes, and says nothing about how they run. Made once for one state of the tree.
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { mustRun } from './children.mjs'
import { ROOT, runProgram } from './program.mjs'
import { digestFiles } from './stamp.mjs'

const OUT = 'packages'

/** What is in the packages, or says how they are made. */
const SOURCES = [
  ...['dist/agent', 'dist/central', 'native/build/Release/okeanid.node', 'hooks', 'systemd', 'etc'],
  ...['debian', 'docs', 'README.md', 'package.json', 'package-lock.json', 'scripts'],
]

const [version] = process.argv.slice(2)

await runProgram(async (signal) => {
  const folder = path.join(OUT, folderName())
  if (!existsSync(folder)) await build(folder, signal)
  console.log(path.join(ROOT, folder))
  return true
})

/** Says which state of the tree it is of. */
function folderName() {
  const sources = digestFiles(SOURCES, (file) => file.endsWith('.map'))
  const digest = createHash('sha256').update(`${sources} ${process.version}`).digest('hex')
  return `tree-${version ?? 'own'}-${digest.slice(0, 12)}`
}

/**
 * In a folder that leads to the tree, but for what debhelper writes to. Others may do the same at the same time: whoever is first wins.
 * @param {string} folder @param {AbortSignal} signal
 */
async function build(folder, signal) {
  mkdirSync(OUT, { recursive: true })
  const work = mkdtempSync(path.join(OUT, '.making-'))
  try {
    const tree = path.join(work, 'okeanid')
    mkdirSync(tree)
    for (const name of readdirSync(ROOT)) {
      if (!['debian', OUT, '.git'].includes(name))
        symlinkSync(path.join(ROOT, name), path.join(tree, name))
    }
    cpSync('debian', path.join(tree, 'debian'), { recursive: true })
    if (version !== undefined) {
      const log = path.join(tree, 'debian/changelog')
      writeFileSync(log, readFileSync(log, 'utf8').replace(/\(.*?\)/, `(${version})`))
    }
    const args = ['binary', 'SETUP=:', 'PACK=-Zgzip -z1']
    await mustRun({ command: 'debian/rules', args, cwd: tree, signal })
    rmSync(tree, { recursive: true })
    if (!existsSync(folder)) renameSync(work, folder)
    forgetOthers(folder)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Packages of earlier states of the tree. @param {string} folder */
function forgetOthers(folder) {
  const [prefix] = /^tree-[^-]+-/.exec(path.basename(folder)) ?? []
  for (const name of readdirSync(OUT)) {
    if (prefix !== undefined && name.startsWith(prefix) && name !== path.basename(folder))
      rmSync(path.join(OUT, name), { recursive: true, force: true })
  }
}
