/**
 * `okeanid hooks log`: what the administrator's scripts did. Reads what the hooks role keeps, which need not run.
 */
import path from 'node:path'
import { AgentError, systemCode } from '#errors.js'
import { describeEnding } from '#script/ending.js'
import { isWanted, type ResultQuery, type RunResult, runId } from '#script/result.js'
import { loadConfig } from '#service/config.js'
import { printable, printLine } from '#service/log.js'
import { signalOfProcess } from '#service/signals.js'
import { createDirectoryFollower } from '#watch/directory-follower.js'
import { createWakeup } from '#watch/wakeup.js'
import { pathsOf } from './paths.js'
import { readOutput, readResult, readResults } from './script-results.js'

interface Location {
  readonly file: string
  readonly isRequired: boolean
}

/** What is shown, and how. */
export interface HookLogOptions extends ResultQuery {
  readonly count: number
  readonly isFollowed: boolean
  readonly json?: true | undefined
}

/** Prints one line a result, the newest last; with `isFollowed` goes on with those that come. */
export async function printHookLog(location: Location, options: HookLogOptions): Promise<void> {
  const directory = await resultsFolder(location)
  const wanted = (await results(directory)).filter((result) => isWanted(result, options))
  const some = wanted.slice(-options.count)
  if (options.json !== true && (some.length > 0 || options.isFollowed)) printLine(heading)
  for (const result of some) printResult(result, options.json)
  if (options.json !== true && some.length === 0 && !options.isFollowed)
    printLine('no script has run, or none of those that are asked for')
  if (options.isFollowed) await follow(directory, wanted, options)
}

/**
 * Prints one run, or every run for a hook, with what it printed.
 * @throws AgentError INPUT_UNREADABLE when there is no such result
 */
export async function printHookRun(
  location: Location,
  id: string,
  { json }: Pick<HookLogOptions, 'json'>,
): Promise<void> {
  const directory = await resultsFolder(location)
  const all = /^\d+$/.test(id)
    ? (await results(directory)).filter(({ hook }) => hook === Number(id))
    : [await readResult(directory, id)]
  const found = all.filter((result) => result !== undefined)
  if (found.length === 0)
    throw new AgentError(
      'INPUT_UNREADABLE',
      `no result ${id} is kept in ${directory}; okeanid hooks log lists those that are`,
    )
  for (const result of found) {
    const output = (await readOutput(directory, runId(result))).toString()
    if (json) printLine(JSON.stringify({ id: runId(result), ...result, output }))
    else printRun(result, output)
  }
}

async function resultsFolder(location: Location): Promise<string> {
  const { config } = await loadConfig(location.file, location)
  return path.join(pathsOf(config).scriptsState, 'results')
}

/** @throws AgentError ROOT_NEEDED */
async function results(directory: string): Promise<readonly RunResult[]> {
  try {
    return await readResults(directory)
  } catch (error) {
    if (systemCode(error) !== 'EACCES') throw error
    throw new AgentError('ROOT_NEEDED', 'only root may see what scripts did; run it as root')
  }
}

async function follow(
  directory: string,
  shown: readonly RunResult[],
  options: HookLogOptions,
): Promise<void> {
  const signal = signalOfProcess()
  const told = new Set(shown.map(runId))
  const { wake, sleep } = createWakeup(signal)
  const follower = createDirectoryFollower(directory, wake)
  while (!signal.aborted) {
    await follower.ensure()
    for (const result of await results(directory)) {
      if (told.has(runId(result)) || !isWanted(result, options)) continue
      told.add(runId(result))
      printResult(result, options.json)
    }
    await sleep(2000)
  }
  follower.close()
}

const heading = row(['ENDED', 'RUN', 'OPERATION', 'OF', 'ENDING', 'TOOK', 'AGAIN'])

function printResult(result: RunResult, json: true | undefined): void {
  if (json) {
    printLine(JSON.stringify({ id: runId(result), ...result }))
    return
  }
  const { endedMs, startedMs, operation, target, ending, retryAtMs } = result
  const again = retryAtMs === undefined ? '' : timeOf(retryAtMs)
  const took = `${((endedMs - startedMs) / 1000).toFixed(1)}s`
  const cells = [
    timeOf(endedMs),
    runId(result),
    operation,
    target,
    describeEnding(ending),
    took,
    again,
  ]
  printLine(printable(row(cells)))
}

function printRun(result: RunResult, output: string): void {
  const { file, opcode, job, startedMs, endedMs, retryAtMs, isCut, ending } = result
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['run', runId(result)],
    ['script', file],
    ['after', `${result.operation} (${opcode}) of ${result.target || 'the cluster'}`],
    ['job', job],
    ['began', timeOf(startedMs)],
    ['ended', `${timeOf(endedMs)}, ${describeEnding(ending)}`],
    ['again', retryAtMs === undefined ? undefined : timeOf(retryAtMs)],
    [
      'printed',
      output === ''
        ? 'nothing'
        : `${output.length} characters${isCut ? ', the rest was cut' : ''}:`,
    ],
  ]
  for (const [name, value] of facts)
    if (value !== undefined) printLine(printable(`${name.padEnd(8)} ${value}`))
  for (const line of output.trimEnd().split('\n'))
    if (output !== '') printLine(printable(`    ${line}`))
  printLine('')
}

function row(cells: readonly string[]): string {
  const widths = [20, 28, 18, 28, 12, 8, 0]
  return cells
    .map((cell, index) => cell.padEnd(widths[index] ?? 0))
    .join(' ')
    .trimEnd()
}

function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}
