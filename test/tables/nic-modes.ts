/**
 * Makes the tables of modes, firewall profiles and families in docs/nic-modes.md, by real traffic on Debian's own kernel (`lab rk`). As root, in
 * the tree: `node dist/test/tables/nic-modes.js` prints them, with `--write` they go into the page; words of test/lab/proofs/modes.ts choose
 * modes. Ends with 1 when something was reached that should not be, or was not that should.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { labScript } from '../lab/command.js'
import { stageTree } from '../lab/proof.js'
import type { ControlRow, ModeRow } from '../lab/proofs/mode-rows.js'
import { modes } from '../lab/proofs/modes.js'
import { isControlRight, isRight, tablesOf } from './mode-table.js'

const page = 'docs/nic-modes.md'
const [begin, end] = ['<!-- made by test/tables/nic-modes.ts -->', '<!-- end -->']

const chosen = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const words = chosen.length === 0 ? Object.keys(modes) : chosen
const rows: ModeRow[] = []
const controls: ControlRow[] = []
await measure(words)

const text = tablesOf(rows, controls)
process.stdout.write(`${text}\n`)
if (process.argv.includes('--write')) write(text)
const isWhole = rows.length === words.length * 8 && controls.length === words.length * 2
process.exit(isWhole && rows.every(isRight) && controls.every(isControlRight) ? 0 : 1)

async function measure(words: readonly string[]): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'okeanid-modes-'))
  try {
    const tree = path.join(folder, 'tree')
    stageTree(tree, { isWholeProgram: true })
    // the addon is looked for from there
    execFileSync(process.execPath, ['scripts/bundle-hook.mjs', path.join(tree, 'dist/nic.cjs')])
    execFileSync('gcc', ['-O1', '-o', path.join(tree, 'dist/reach'), 'test/lab/reach.c'])
    writeFileSync(path.join(folder, 'modes'), words.join(' '))
    const ovs = execFileSync(labScript, ['ovs'], { encoding: 'utf8' }).trim()
    const script = path.resolve('test/lab/proofs/rk-mode-rows.sh')
    const child = spawn(
      labScript,
      ['rk', '--mem', '2048', script, tree, ovs, path.join(folder, 'modes')],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { LAB_RK_SEC: '5400', ...process.env },
      },
    )
    const closed = once(child, 'close')
    for await (const line of createInterface({ input: child.stdout })) take(line)
    await closed
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function take(line: string): void {
  const [, what, json = ''] = /^(row|control) (\{.*\})\s*$/.exec(line) ?? []
  if (what === 'row') rows.push(JSON.parse(json))
  else if (what === 'control') controls.push(JSON.parse(json))
  process.stderr.write(`${line}\n`)
}

function write(tables: string): void {
  const old = readFileSync(page, 'utf8')
  const [from, to] = [old.indexOf(begin), old.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${page} has no place for the tables`)
  writeFileSync(page, `${old.slice(0, from + begin.length)}\n\n${tables}\n\n${old.slice(to)}`)
}
