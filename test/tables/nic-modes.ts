/**
 * Makes the table of modes, firewall profiles and families in docs/nic-modes.md, by real traffic: routed taps in namespaces of this host, bridges
 * on Debian's own kernel. As root, in the tree: `node dist/test/tables/nic-modes.js` prints it, with `--write` it goes into the page. Five minutes.
 * Ends with 1 when something was reached that should not be, or was not that should.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { doors } from '../kernel/firewall-world.js'
import { labScript } from '../lab/command.js'
import { stageTree } from '../lab/proof.js'
import type { ModeRow } from '../lab/proofs/mode-rows.js'

const page = 'docs/nic-modes.md'
const [begin, end] = ['<!-- made by test/tables/nic-modes.ts -->', '<!-- end -->']

/** What each profile lets in; `web` is tcp/80, and udp/50-60 for the world’s router and the host. */
const pings = ['icmp', 'icmp/4000']
const open: Readonly<Record<string, readonly string[]>> = {
  unprotected: doors,
  limited: ['tcp/22', 'tcp/3389', ...pings],
  protected: pings,
  web: ['tcp/80', 'udp/53', ...pings],
}

const rows = [...rowsHere('routed'), ...rowsOnDebian()]
const table = [
  '| mode | profile | family | gets its address | reaches the world | the world reaches | another guest reaches | the host reaches | all as it should be |',
  '|---|---|---|---|---|---|---|---|---|',
  ...rows.map(lineOf),
].join('\n')
process.stdout.write(`${table}\n`)
if (process.argv.includes('--write')) {
  const text = readFileSync(page, 'utf8')
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${page} has no place for the table`)
  writeFileSync(page, `${text.slice(0, from + begin.length)}\n\n${table}\n\n${text.slice(to)}`)
}
process.exit(rows.length === 16 && rows.every(isRight) ? 0 : 1)

function rowsHere(mode: string): readonly ModeRow[] {
  const program = 'dist/test/lab/proofs/mode-rows.js'
  const { stdout } = spawnSync(process.execPath, [program, mode], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return parseRows(stdout)
}

function rowsOnDebian(): readonly ModeRow[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'okeanid-modes-'))
  try {
    const tree = path.join(folder, 'tree')
    stageTree(tree, { isWholeProgram: true })
    const script = path.resolve('test/lab/proofs/rk-mode-rows.sh')
    const { stdout } = spawnSync(labScript, ['rk', script, tree], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    return parseRows(stdout)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function parseRows(text: string): readonly ModeRow[] {
  const lines = [...text.matchAll(/^row (\{.*\})\s*$/gm)]
  if (lines.length === 0) process.stderr.write(text.slice(-3000))
  return lines.map(([, json = '']) => JSON.parse(json) as ModeRow)
}

function isRight({ mode, profile, hasAddress, out, ...from }: ModeRow): boolean {
  const inbound = open[profile] ?? []
  const forAll = profile === 'web' ? inbound.filter((door) => door !== 'udp/53') : inbound
  const isHostRight = mode === 'bridged' || isSame(from.fromHost, inbound)
  return (
    hasAddress &&
    isHostRight &&
    isSame(out, doors) &&
    isSame(from.fromOutside, inbound) &&
    isSame(from.fromNeighbour, forAll)
  )
}

function lineOf(row: ModeRow): string {
  const { mode, profile, family, hasAddress, out, fromOutside, fromNeighbour, fromHost } = row
  const host = mode === 'bridged' ? '(no address there)' : names(fromHost)
  const cells = [
    mode,
    profile,
    `IPv${family}`,
    hasAddress ? 'yes' : 'NO',
    ...[names(out), names(fromOutside), names(fromNeighbour), host],
    isRight(row) ? 'yes' : 'NO',
  ]
  return `| ${cells.join(' | ')} |`
}

function names(reached: readonly string[]): string {
  if (isSame(reached, doors)) return 'everything'
  return reached.length === 0 ? 'nothing' : reached.join(', ')
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.join() === b.join()
}
