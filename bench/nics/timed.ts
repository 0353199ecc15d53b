import { fileURLToPath } from 'node:url'
import type { Space } from '../../test/support/space.js'

/** A program to be timed; without a name it is only run. */
export interface Timed {
  readonly name: string | undefined
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** How long it took. */
export interface TimedResult {
  readonly name?: string | undefined
  readonly tookMs: number
  readonly status: number | null
  readonly text: string
}

/**
 * Others who use the machine wait while this is timed. Not SCHED_FIFO: Node's compilers share a core with what waits for them.
 */
export const exclusive = ['chrt', '--rr', '1'] as const

const timer = fileURLToPath(new URL('./timer.js', import.meta.url))

/** Times programs in a space, one after the other; each must succeed. */
export async function timeIn(
  space: Space,
  programs: readonly Timed[],
): Promise<readonly TimedResult[]> {
  const { code, text } = await space.run([
    ...exclusive,
    process.execPath,
    timer,
    JSON.stringify(programs),
  ])
  if (code !== 0) throw new Error(text)
  const results = JSON.parse(text) as readonly TimedResult[]
  for (const { name, status, text: said } of results)
    if (status !== 0) throw new Error(`${name}: status ${status}: ${said}`)
  return results
}
