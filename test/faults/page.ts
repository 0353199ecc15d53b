import { readFileSync, writeFileSync } from 'node:fs'
import { faultsOf, type RowResult } from './run-row.js'

/** The page that shows the matrix; the command rewrites what is between its markers. */
export const page = 'docs/reliability.md'

const head = [
  '| row | fault | run | seed | load: recorded writes/s, real jobs/s | facts written, recorded + real | arrived | lost | sent twice | out of order | control: lost without the outbox |',
  '|---|---|---|---|---|---|---|---|---|---|---|',
]

/** A row of the table. */
export function tableLine(result: RowResult): string {
  const { row, isShort, seed, seconds, recorded, real, control } = result
  const both = (read: (verdict: typeof recorded) => number) =>
    `${thousands(read(recorded))} + ${thousands(read(real))}`
  const sum = (read: (verdict: typeof recorded) => number) => thousands(read(recorded) + read(real))
  const cells = [
    `\`${row.name}\``,
    row.title(isShort),
    `${isShort ? 'short' : 'long'}, ${seconds.toFixed(0)} s${faultsOf(result).length > 0 ? ', **FAILED**' : ''}`,
    String(seed),
    `${thousands(Math.round(result.recordedPerSecond))}, ${result.realPerSecond.toFixed(1)}`,
    both(({ written }) => written),
    both(({ arrived }) => arrived),
    sum(({ lost }) => lost.length),
    sum(({ duplicates }) => duplicates),
    sum(({ disorders }) => disorders.length),
    `${thousands(control.lost.length)} of ${thousands(control.written)}`,
  ]
  return `| ${cells.join(' | ')} |`
}

/** Puts the results into the page: rows that did not run stay as they are, all in the order of `names`. */
export function rewritePage(results: readonly RowResult[], names: readonly string[]): void {
  const text = readFileSync(page, 'utf8')
  const before = new Map(
    [...text.matchAll(/^\| `([a-z0-9-]+)` \|.*$/gm)].map(([line, name]) => [name, line] as const),
  )
  const now = new Map(results.map((result) => [result.row.name, tableLine(result)]))
  const lines = names.flatMap((name) => now.get(name) ?? before.get(name) ?? [])
  const counted = results.find(({ counts }) => counts.size > 0)
  const table = put(text, 'matrix', [...head, ...lines])
  writeFileSync(page, counted === undefined ? table : put(table, 'kills', countLines(counted)))
}

/** What a row counted, as a table. */
export function countLines({ counts, seed }: RowResult): readonly string[] {
  const lines = [...counts].map(([what, count]) => `| ${what} | ${count} |`).sort()
  return [`| killed (seed ${seed}) | times |`, '|---|---|', ...lines]
}

function put(text: string, name: string, lines: readonly string[]): string {
  const [begin, end] = [`<!-- ${name}: written by npm run faults -->`, `<!-- ${name}: end -->`]
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`${page} has no markers for ${name}`)
  return `${text.slice(0, from + begin.length)}\n\n${lines.join('\n')}\n\n${text.slice(to)}`
}

function thousands(value: number): string {
  return value.toLocaleString('en-US')
}
