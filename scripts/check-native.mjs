// @ts-check
// npm run check:native: the addon built with AddressSanitizer and UndefinedBehaviorSanitizer under the tests
// that load it. Says what they found in native/; a minute or two. `npm run build` comes first.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { mustRun, runChild } from './children.mjs'
import { findHeaders } from './headers.mjs'
import { ROOT, runProgram } from './program.mjs'
import { openStages, StageError } from './stages.mjs'
import { filesBelow } from './stamp.mjs'

/** @typedef {import('./stages.mjs').StageContext} StageContext */

const FLAGS =
  '-std=c++20 -fexceptions -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize=vptr -Wall -Wextra'
// stays in memory at the end: of what is unloaded, a leak's stack has no names
const LINK = '-shared -fPIC -Wl,-z,nodelete'
const DEFINES = '-DNAPI_VERSION=9 -DNODE_ADDON_API_CPP_EXCEPTIONS -DBUILDING_NODE_EXTENSION'

const TESTS = /^dist\/test\/kernel\/(frames|links|native-.*|notify|packet-queue.*)\.test\.js$/

/** A reported fault, or a leak with a frame of ours in its stack. */
const FAULT = /ERROR: AddressSanitizer|runtime error:|native\/src\/|okeanid\.node/

await runProgram(async (signal) => {
  const stages = openStages(signal)
  const tree = mkdtempSync(join(tmpdir(), 'okeanid-asan-'))
  try {
    const isBuilt = await stages.run({
      name: 'asan',
      budgetSeconds: 180,
      run: (context) => build(tree, context),
    })
    if (!isBuilt) return false
    for (const file of [...filesBelow('dist/test/kernel')].filter((path) => TESTS.test(path)))
      await stages.run({
        name: basename(file, '.test.js'),
        budgetSeconds: 300,
        isCheck: true,
        run: (context) => test(tree, file, context),
      })
    return stages.totals().failed === 0
  } finally {
    rmSync(tree, { recursive: true, force: true })
  }
})

/**
 * A tree in which compiled code finds the other addon where it looks for its own.
 * @param {string} tree
 * @param {StageContext} context
 */
async function build(tree, { signal }) {
  const prefix = findHeaders()
  if (prefix === undefined) throw new StageError(`${process.execPath} has no headers`)
  const folder = join(tree, 'native/build/Release')
  for (const path of [folder, join(tree, 'log')]) mkdirSync(path, { recursive: true })
  for (const path of ['package.json', 'dist/agent', 'dist/test'])
    cpSync(path, join(tree, path), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'))
  const sources = [...filesBelow('native/src')].filter((path) => path.endsWith('.cc'))
  const flags = [FLAGS, LINK, DEFINES].flatMap((words) => words.split(' '))
  const includes = ['-I', join(prefix, 'include/node'), '-I', 'node_modules/node-addon-api']
  const output = ['-lmnl', '-o', join(folder, 'okeanid.node')]
  await mustRun({ command: 'g++', args: [...flags, ...includes, ...sources, ...output], signal })
  return { note: `${sources.length} files` }
}

/**
 * @param {string} tree
 * @param {string} file
 * @param {StageContext} context
 */
async function test(tree, file, { signal }) {
  const libraries = await Promise.all(
    ['libasan.so', 'libubsan.so', 'libstdc++.so'].map(async (name) => {
      const args = [`-print-file-name=${name}`]
      return (await runChild({ command: 'g++', args, signal })).output.trim()
    }),
  )
  const log = `log_path=${join(tree, 'log', basename(file))}`
  const env = {
    ...process.env,
    TAP_TIMEOUT: '300',
    LD_PRELOAD: libraries.join(' '),
    // a small quarantine, for one test looks at resident memory
    ASAN_OPTIONS: `detect_leaks=1:abort_on_error=1:quarantine_size_mb=4:${log}`,
    // Node and Python leak at their end, and a leak of ours is found in the log
    LSAN_OPTIONS: 'exitcode=0',
    UBSAN_OPTIONS: `print_stacktrace=1:halt_on_error=1:${log}`,
  }
  const { code, by, output } = await runChild({
    command: process.execPath,
    args: [file],
    cwd: tree,
    env,
    signal,
  })
  const faults = [...filesBelow(join(tree, 'log'))]
    .map((path) => readFileSync(path, 'utf8'))
    .filter((text) => FAULT.test(text))
  if (faults.length > 0) throw new StageError('the sanitizers found', faults.join('\n'))
  if (code !== 0) throw new StageError(`ended with ${by ?? code}`, output)
  return { note: 'nothing found' }
}
