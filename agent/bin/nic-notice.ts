import { runProgram } from '#kernel/run-program.js'

/**
 * One line of printable ASCII: what goes into Ganeti's log must be nothing else, for an accented letter in it makes the job unreadable
 * for Ganeti's own clients.
 */
export function asciiLine(text: string): string {
  return text
    .replaceAll(/[‘’]/g, "'")
    .replaceAll('–', '-')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .trim()
    .slice(0, maxLength)
}

const maxLength = 1000

/**
 * Tells the system's log, for Ganeti throws away what a script prints that succeeds. Costs a process, so only when there is something
 * to tell; that it cannot be told is no failure.
 */
export async function tellLog(
  priority: 'warning' | 'alert',
  lines: readonly string[],
): Promise<void> {
  if (lines.length === 0) return
  const text = `${lines.map(asciiLine).join('\n')}\n`
  try {
    await runProgram('logger', ['-t', 'okeanid-nic', '-p', `daemon.${priority}`], text, {
      timeoutMs: 2000,
    })
  } catch {
    // no logger: the same stands on standard error
  }
}
