import { runOk } from './run-program.js'

/**
 * Applies scripts of many NICs as one transaction: what they share, tables and base chains, is given once.
 *
 * @throws AgentError PROGRAM_FAILED; nothing has changed then
 */
export async function applyScripts(scripts: readonly string[]): Promise<void> {
  const lines = new Set(scripts.flatMap((script) => script.split('\n')))
  lines.delete('')
  if (lines.size > 0) await runOk('nft', ['-f', '-'], `${[...lines].join('\n')}\n`)
}
