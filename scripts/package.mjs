// @ts-check
// npm run package [-- --also VERSION]: Debian packages of what is committed, in packages/: a clean clone is built by dpkg-buildpackage, so that
// nothing gets in that is not in git, package-lock.json or Debian. lintian looks them through. `--also`: the same ones once more as
// another version, to try an upgrade with.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { installPackages, missingPackages } from './apt.mjs'
import { mustRun, runChild } from './children.mjs'
import { ROOT, runProgram } from './program.mjs'
import { openStages } from './stages.mjs'

const [flag, wanted] = process.argv.slice(2)
const OUT = path.join(ROOT, 'packages')
/** Which commit they are of. */
const STAMP = path.join(OUT, '.commit')
/** The tree may be another user's. */
const GIT = ['-c', 'safe.directory=*']

await runProgram(async (signal) => {
  const stages = openStages(signal)
  const isReady = await stages.run({
    name: 'tools',
    budgetSeconds: 400,
    run: async (context) => {
      const missing = missingPackages(['build', 'packages', 'lintian'])
      if (missing.size === 0) return { note: 'nothing is missing' }
      await installPackages(missing, context)
      return { note: 'installed' }
    },
  })
  if (!isReady) return false
  const { output: head } = await runChild({
    command: 'git',
    args: [...GIT, 'rev-parse', 'HEAD'],
    signal,
  })
  const stamp = `${head.trim()} ${wanted ?? ''}\n`
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stamp) {
    stages.say('build', 'packages/ is of this commit')
    return true
  }
  const work = mkdtempSync(path.join(tmpdir(), 'okeanid-package-'))
  try {
    const isGood =
      (await stages.run({
        name: 'build',
        budgetSeconds: 1500,
        run: (context) => build(work, context),
      })) && (await stages.run({ name: 'lintian', budgetSeconds: 300, run: lint }))
    if (isGood) writeFileSync(STAMP, stamp)
    return isGood
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
})

/**
 * @param {string} work
 * @param {import('./stages.mjs').StageContext} context
 */
async function build(work, { say, signal }) {
  const tree = path.join(work, 'okeanid')
  await mustRun({ command: 'git', args: [...GIT, 'clone', '-q', ROOT, tree], signal })
  reuse(tree)
  say('dpkg-buildpackage')
  // -d: a Node that is no package of Debian's serves as well; the tools were looked for above
  const args = ['-b', '-us', '-uc', '-d']
  await mustRun({ command: 'dpkg-buildpackage', args, cwd: tree, signal })
  if (flag === '--also' && wanted !== undefined) {
    const log = path.join(tree, 'debian/changelog')
    writeFileSync(log, readFileSync(log, 'utf8').replace(/\(.*?\)/, `(${wanted})`))
    await mustRun({ command: 'dpkg-buildpackage', args: [...args, '-nc'], cwd: tree, signal })
  }
  mkdirSync(OUT, { recursive: true })
  for (const name of readdirSync(OUT)) {
    if (!name.startsWith('tree-')) rmSync(path.join(OUT, name), { recursive: true, force: true }) // scripts/lab-packages.mjs
  }
  const made = readdirSync(work).filter((name) => name.endsWith('.deb'))
  for (const name of made) cpSync(path.join(work, name), path.join(OUT, name))
  return { note: made.map((name) => `packages/${name}`).join(' ') }
}

/**
 * What would be made once more, minutes of compiling among it: setup looks whether it is of the same lock file, sources and Node.
 * @param {string} tree
 */
function reuse(tree) {
  for (const folder of ['node_modules', 'native/build']) {
    if (!existsSync(folder)) continue
    cpSync(folder, path.join(tree, folder), { recursive: true, verbatimSymlinks: true })
  }
}

/** @param {import('./stages.mjs').StageContext} context */
async function lint({ signal }) {
  // the other version is the same but for its number
  const debs = readdirSync(OUT).filter(
    (name) => name.endsWith('.deb') && !name.includes(`_${wanted}_`),
  )
  const args = ['--fail-on', 'error,warning', '--tag-display-limit', '0', ...debs]
  await mustRun({ command: 'lintian', args: ['--allow-root', ...args], cwd: OUT, signal })
  return { note: 'clean' }
}
