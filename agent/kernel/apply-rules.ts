import { AgentError } from '#errors.js'
import { err, ok, type Result } from '#result.js'
import { lacksBridgeTracking, loadBridgeTracking, noBridgeTracking } from './bridge-tracking.js'
import { type ChainName, countRules } from './rule-count.js'
import { type ProgramRun, runProgramHere } from './run-program.js'

/** Why rules are not as they were asked. */
export interface RulesProblem {
  readonly text: string
  /** Whether there are other rules than before; a refused transaction changes nothing. */
  readonly isChanged: boolean
}

/** Longer than a commit takes on a host with ten thousand NICs; a start must not wait for ever for a hung nft. */
const timeoutMs = 10_000

/**
 * Puts a script in place as one transaction, and verifies that the kernel has as many rules of each chain as the script gives it. For
 * chains that the script flushes; it has one statement a line. (nft could echo what the kernel took, but reads all rules back for it.)
 *
 * @throws AgentError PROGRAM_FAILED when nft does not end: then nobody knows whether the rules are in place
 */
export async function applyRules(script: string): Promise<Result<undefined, RulesProblem>> {
  const { code, stderr } = await runTracked(script)
  if (code !== 0) {
    if (lacksBridgeTracking(stderr)) return err({ text: noBridgeTracking, isChanged: false })
    const complaint = stderr.split('\n').find((line) => line.trim() !== '')
    return err({ text: `nft: ${complaint ?? `ended with status ${code}`}`, isChanged: false })
  }
  const missing = await missingRules(script)
  if (missing.length === 0) return ok(undefined)
  return err({ text: `nft reports success, but ${missing.join(', ')}`, isChanged: true })
}

/** Nothing loads the kernel's module by itself when rules want it: tried once, when it turns out to be missing. */
async function runTracked(script: string): Promise<ProgramRun> {
  const run = await runScript(script)
  if (run.code === 0 || !lacksBridgeTracking(run.stderr)) return run
  return (await loadBridgeTracking()) ? await runScript(script) : run
}

/** Takes a script's work away again. */
export async function removeRules(script: string): Promise<void> {
  const { code, stderr } = await runScript(script)
  if (code !== 0) throw new AgentError('PROGRAM_FAILED', `nft: ${stderr.split('\n')[0]}`)
}

function runScript(script: string): Promise<ProgramRun> {
  return runProgramHere('nft', ['-f', '-'], script, { timeoutMs })
}

/** Chains of which the kernel has not as many rules as were asked. */
async function missingRules(script: string): Promise<readonly string[]> {
  const problems: string[] = []
  for (const { name, count } of askedChains(script)) {
    const found = await countRules(name)
    const chain = `${name.family} ${name.table} ${name.chain}`
    if (found !== count) problems.push(`chain ${chain} has ${found} rules of ${count}`)
  }
  return problems
}

/** The chains that a script fills anew. */
function askedChains(
  script: string,
): readonly { readonly name: ChainName; readonly count: number }[] {
  const chains = new Map<string, { readonly name: ChainName; count: number }>()
  for (const line of script.split('\n')) {
    const [verb, what, family = '', table = '', chain = ''] = line.trim().split(/\s+/, 5)
    const key = `${family} ${table} ${chain}`
    if (verb === 'flush' && what === 'chain')
      chains.set(key, { name: { family, table, chain }, count: 0 })
    const known = chains.get(key)
    if (verb === 'add' && what === 'rule' && known !== undefined) known.count++
  }
  return [...chains.values()]
}
