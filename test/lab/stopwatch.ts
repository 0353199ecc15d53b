/** A table with what took how long, for people. */
export interface Stopwatch {
  /** Does a step, and keeps how long it took. */
  step<T>(what: string, work: () => Promise<T>): Promise<T>
  /** Keeps something else that is to stand in the table. */
  note(what: string, value: string): void
  /** Seconds since the stopwatch was made. */
  seconds(): number
  table(): string
}

/** An empty table. */
export function createStopwatch(): Stopwatch {
  const rows: (readonly [string, string])[] = []
  const startMs = performance.now()
  return {
    async step(what, work) {
      const beganMs = performance.now()
      const value = await work()
      rows.push([what, `${((performance.now() - beganMs) / 1000).toFixed(1)} s`])
      return value
    },
    note: (what, value) => {
      rows.push([what, value])
    },
    seconds: () => (performance.now() - startMs) / 1000,
    table: () => formatTable(['step', 'took'], rows),
  }
}

/** Rows in columns. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const all = [head, ...rows.map((row) => row.map(String))]
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const [first = [], ...rest] = all.map(line)
  return [first, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rest].join('\n')
}
