/**
 * `okeanid nic observe | enforce | disable | configured`: whether rules drop, only count, or are not there; of instances, a network or the
 * node, for a while or until something else is said. The nics role makes it so within a second, and takes it back in time.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { AgentError } from '#errors.js'
import { writeRecord } from '#kernel/nic-files.js'
import {
  formatStances,
  parseStances,
  type StanceScope,
  type StanceWord,
  withWord,
} from '#nic/repair/stances.js'
import { loadConfig } from '#service/config.js'
import { printable, printLine } from '#service/log.js'
import { askStatusSocket } from '#service/status-socket.js'
import { parseDuration } from '#service/units.js'
import { requireRoot } from './nic-list.js'
import { repairPlaces } from './node-nics.js'
import { pathsOf } from './paths.js'

/** What an operator says; `configured` takes back what was said. */
export type StanceVerb = 'observe' | 'enforce' | 'disable' | 'configured'

/** Of whom, and for how long. */
export interface StanceOptions {
  readonly network?: string
  /** `1h` */
  readonly for?: string
  readonly json?: true
}

/**
 * Writes the word down.
 * @throws AgentError ROOT_NEEDED; INPUT_UNREADABLE for a time that is none
 */
export async function setStance(
  location: { readonly file: string; readonly isRequired: boolean },
  verb: StanceVerb,
  {
    instances,
    options,
  }: { readonly instances: readonly string[]; readonly options: StanceOptions },
): Promise<void> {
  requireRoot('stances')
  const { config } = await loadConfig(location.file, location)
  const { stancesFile } = repairPlaces(config)
  const nowSeconds = Math.floor(Date.now() / 1000)
  const word = wordOf(verb, { time: options.for, nowSeconds })
  const scopes = scopesOf(instances, options.network)
  const stances = scopes.reduce(
    (before, scope) => withWord(before, scope, { word, nowSeconds }),
    parseStances(readText(stancesFile)),
  )
  const directory = path.dirname(stancesFile)
  writeRecord(directory, path.basename(stancesFile, '.json'), formatStances(stances))
  const isRunning = await runs(pathsOf(config).statusSocket('nics'))
  if (options.json) {
    printLine(JSON.stringify({ verb, scopes, word: word ?? null, isRunning }, null, 2))
    return
  }
  for (const scope of scopes) printLine(printable(`${nameOf(scope)}: ${describe(verb, word)}`))
  if (!isRunning)
    printLine(
      'the nics role does not run: okeanid nic repair makes it so now, and nobody ends it in time',
    )
}

function wordOf(
  verb: StanceVerb,
  { time, nowSeconds }: { readonly time: string | undefined; readonly nowSeconds: number },
): StanceWord | undefined {
  if (verb === 'configured') return undefined
  const length = time === undefined ? undefined : parseDuration(time)
  if (length?.ok === false)
    throw new AgentError('INPUT_UNREADABLE', `--for ${time}: ${length.problem}`)
  return {
    stance: verb === 'disable' ? 'disabled' : verb,
    atSeconds: nowSeconds,
    untilSeconds: length === undefined ? undefined : nowSeconds + Math.ceil(length.value.ms / 1000),
    thereafter: undefined,
  }
}

function scopesOf(
  instances: readonly string[],
  network: string | undefined,
): readonly StanceScope[] {
  if (network !== undefined) return [{ kind: 'network', name: network }]
  if (instances.length === 0) return [{ kind: 'node' }]
  return instances.map((name) => ({ kind: 'instance', name }))
}

function nameOf(scope: StanceScope): string {
  return scope.kind === 'node' ? 'all NICs of this node' : `${scope.kind} ${scope.name}`
}

function describe(verb: StanceVerb, word: StanceWord | undefined): string {
  const what = {
    observe: 'rules count what they would drop, and drop nothing',
    enforce: 'rules drop',
    disable: 'no rules',
    configured: 'what is configured holds',
  }[verb]
  const until = word?.untilSeconds
  return until === undefined
    ? what
    : `${what}, until ${new Date(until * 1000).toISOString().slice(0, 19)}Z`
}

async function runs(socket: string): Promise<boolean> {
  try {
    await askStatusSocket(socket, '/status')
    return true
  } catch (error) {
    if (!(error instanceof AgentError)) throw error
    return false
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
