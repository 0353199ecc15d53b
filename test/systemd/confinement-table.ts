import { pathToFileURL } from 'node:url'
import { confinements } from './confinement.js'

/**
 * `node dist/test/systemd/confinement-table.js`: the table of docs/confinement.md, a row for each act: `no`, what a service is refused;
 * `yes`, what it has to do and does; nothing where it was not tried.
 */
export function confinementTable(): string {
  const units = confinements.map(({ unit }) => unit)
  const rows = new Map<string, Map<string, string>>()
  const put = (what: string, unit: string, word: string) => {
    const name = what.replace(/^(run what it wrote) to .*/, '$1 to any folder of its own')
    rows.set(name, (rows.get(name) ?? new Map()).set(unit, word))
  }
  for (const { unit, refused } of confinements)
    for (const { what } of refused) put(what, unit, 'no')
  for (const { unit, allowed } of confinements)
    for (const { what } of allowed) put(what, unit, 'yes')
  const head = ['', ...units.map((unit) => unit.replace('okeanid-', ''))]
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(head),
    line(head.map(() => '---')),
    ...[...rows].map(([what, row]) => line([what, ...units.map((unit) => row.get(unit) ?? '')])),
  ].join('\n')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  process.stdout.write(`${confinementTable()}\n`)
