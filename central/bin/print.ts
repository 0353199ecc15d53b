import { alignedRows } from '#service/aligned-rows.js'
import { printLine } from '#service/log.js'

/** A row of a list: column -> value. */
export type PrintRow = Readonly<Record<string, string | number | boolean | null | undefined>>

/** Prints a list, as a table for people or as JSON with every column. */
export function printRows(
  rows: readonly PrintRow[],
  {
    json,
    columns,
    none,
  }: {
    readonly json?: true | undefined
    readonly columns: readonly string[]
    /** What to say when there is nothing, and what to do about it. */
    readonly none: string
  },
): void {
  if (json) {
    printLine(JSON.stringify(rows, null, 2))
    return
  }
  if (rows.length === 0) {
    printLine(none)
    return
  }
  const cells = rows.map((row) => columns.map((column) => textOf(row[column])))
  const head = columns.map((column) => column.toUpperCase())
  for (const line of alignedRows([head, ...cells])) printLine(line)
}

/** Prints one thing, as lines of key and value or as JSON. */
export function printOne(row: PrintRow, { json }: { readonly json?: true | undefined }): void {
  if (json) {
    printLine(JSON.stringify(row, null, 2))
    return
  }
  const lines = Object.entries(row).map(([key, value]) => [key, textOf(value)])
  for (const line of alignedRows(lines)) printLine(line)
}

/** Prints what was done, for people as a sentence. */
export function printDone(
  sentence: string,
  row: PrintRow,
  { json }: { readonly json?: true | undefined },
): void {
  printLine(json ? JSON.stringify(row) : sentence)
}

function textOf(value: PrintRow[string]): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return value === null || value === undefined || value === '' ? '-' : String(value)
}
