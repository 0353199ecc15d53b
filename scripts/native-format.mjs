// @ts-check
import { runChild } from './children.mjs'
import { listSources } from './sources.mjs'
import { StageError } from './stages.mjs'

/** @typedef {import('./stages.mjs').StageContext} StageContext */

/**
 * Asks clang-format whether native/ is as it would have it, or lets it make it so.
 * @param {StageContext & { readonly isFix?: boolean }} context
 */
export async function formatNative({ signal, isFix = false }) {
  const sources = (await listSources(signal)).filter((path) => /^native\/.*\.(cc|h)$/.test(path))
  if (sources.length === 0) return { note: 'no C++ yet' }
  const args = [...(isFix ? ['-i'] : ['--dry-run', '--Werror']), ...sources]
  const { code, output } = await runChild({ command: 'clang-format', args, signal })
  if (code !== 0) throw new StageError('npm run format mends it', output)
  return { note: `${sources.length} files` }
}
