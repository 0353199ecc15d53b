import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Test } from 'tap'
import { labScript } from './command.js'

/** Of the compiled tree: what proofs run, and what that imports. */
const parts = [
  'package.json',
  ...['result', 'errors', 'backoff'].map((file) => `dist/agent/${file}.js`),
  ...['addr', 'binding', 'ganeti', 'kernel', 'nic', 'wire'].map((room) => `dist/agent/${room}`),
  ...['kernel', 'support', 'lab/proofs'].map((folder) => `dist/test/${folder}`),
  'native/build/Release/okeanid.node',
]

/** What the whole program needs beside, and real clients against it. */
function wholeProgram(): readonly string[] {
  const lock: { readonly packages: Readonly<Record<string, { readonly dev?: boolean }>> } =
    JSON.parse(readFileSync('package-lock.json', 'utf8'))
  const packages = Object.entries(lock.packages).filter(([folder, { dev }]) => folder && !dev)
  return [
    ...['dist/agent', 'dist/test/clients', 'systemd', 'test/lab/guest'],
    ...packages.map(([folder]) => folder),
  ]
}

/** What a proof gets beside the tree. */
export interface ProofOptions {
  readonly isWholeProgram?: boolean
  /** Files and folders that stand beside the tree. */
  readonly files?: readonly string[]
}

/** Runs a proof on Debian's own kernel; so many claims must hold, and none may fail. */
export function runProof(
  t: Test,
  name: string,
  claimCount: number,
  { isWholeProgram = false, files = [] }: ProofOptions = {},
): void {
  const tree = path.join(t.testdir(), 'tree')
  stageTree(tree, { isWholeProgram })
  const script = path.resolve(`test/lab/proofs/${name}.sh`)
  const { status, stdout, stderr } = spawnSync(labScript, ['rk', script, tree, ...files], {
    encoding: 'utf8',
  })
  for (const line of stdout.split('\n')) if (line.startsWith('not ok')) t.fail(line)
  t.equal(stdout.match(/^ok /gm)?.length, claimCount, 'claims hold')
  if (status !== 0) t.fail(`ended with ${status}: ${`${stdout}${stderr}`.slice(-3000)}`)
}

/** Copies what a proof needs of this tree. */
export function stageTree(
  tree: string,
  { isWholeProgram }: { readonly isWholeProgram: boolean },
): void {
  for (const part of isWholeProgram ? [...parts, ...wholeProgram()] : parts)
    cpSync(part, path.join(tree, part), { recursive: true })
  // what tests share with proofs imports tap, of which nothing is called there
  const stub = path.join(tree, 'node_modules/tap')
  mkdirSync(stub, { recursive: true })
  writeFileSync(path.join(stub, 'package.json'), '{"type":"module","exports":"./index.js"}')
  writeFileSync(path.join(stub, 'index.js'), 'export default {}\n')
}
