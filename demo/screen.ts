/** The terminal of the demo. */
export interface Screen {
  title(text: string): void
  say(text: string): void
  /** A command as an operator would type it. */
  command(text: string): void
  block(text: string): void
  /** A line of the timeline. */
  event(cells: readonly string[]): void
  /** A line of what guests ask and are told. */
  exchange(text: string): void
  /** Runs something and says how long it took. */
  timed<T>(what: string, run: () => Promise<T>): Promise<T>
}

const widths = [15, 9, 5, 36, 10, 24]

/** Writes to standard output, in colour on a terminal. */
export function createScreen(): Screen {
  const startMs = performance.now()
  const isColour = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined
  const paint = (code: number, text: string) =>
    isColour ? `\u001b[${code}m${text}\u001b[0m` : text
  const print = (text: string) => process.stdout.write(`${text}\n`)
  const clock = () => `${((performance.now() - startMs) / 1000).toFixed(1)} s`.padStart(8)
  return {
    title: (text) => print(`\n${paint(1, text)}`),
    say: (text) => print(`${paint(2, clock())}  ${text}`),
    command: (text) => print(`\n${paint(33, `$ ${text}`)}`),
    block: (text) => print(text.trimEnd()),
    event(cells) {
      const line = cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' ')
      print(`  ${paint(36, line.trimEnd())}`)
    },
    exchange: (text) => print(`  ${paint(35, text)}`),
    async timed(what, run) {
      print(`${paint(2, clock())}  … ${what}`)
      const beganMs = performance.now()
      const value = await run()
      print(
        `${paint(2, clock())}  ${what} (${((performance.now() - beganMs) / 1000).toFixed(1)} s)`,
      )
      return value
    },
  }
}
