/**
 * `okeanid queueing show` and `queueing remove`: the rules that bring guests' packets into the queues, looked at and taken away.
 * Removing is for good only while the nics role is stopped: it would put them back.
 */
import { AgentError } from '#errors.js'
import { inspectQueueing, removeQueueing } from '#kernel/queueing.js'
import { loadConfig } from '#service/config.js'
import { printLine } from '#service/log.js'
import { askStatusSocket } from '#service/status-socket.js'
import { pathsOf } from './paths.js'
import { queueingSettings } from './queueing-settings.js'
import { readServedTaps } from './served-taps.js'

interface Location {
  readonly file: string
  readonly isRequired: boolean
}

interface Format {
  readonly json?: true
}

/**
 * Prints who manages the rules, for which taps, what differs from what the bindings ask, and which sysctls were changed.
 * @throws AgentError ROOT_NEEDED
 */
export async function showQueueing(location: Location, { json }: Format): Promise<void> {
  requireRoot()
  const { config } = await loadConfig(location.file, location)
  const settings = queueingSettings(config)
  const taps = (await readServedTaps(config)).taps
  // the administrator's own rules look as he likes: okeanid doctor looks whether any leads to our queues
  const {
    manager: by,
    drift,
    refusals,
  } = settings.manage === 'no'
    ? { manager: 'administrator', drift: [], refusals: [] }
    : await inspectQueueing(settings, taps.values())
  const sysctls = await settings.journal.load()
  if (json) {
    printLine(
      JSON.stringify({ manager: by, taps: [...taps.values()], drift, refusals, sysctls }, null, 2),
    )
    return
  }
  printLine(`managed by ${by}, ${taps.size} taps served`)
  for (const line of drift) printLine(`differs    ${line}`)
  for (const { version, blocks } of refusals)
    for (const { bridge, where } of blocks)
      printLine(`refused    IPv${version} of ${bridge}: ${where}`)
  for (const { name, before, ours } of sysctls)
    printLine(`changed    ${name} from ${before} to ${ours}`)
}

/**
 * Removes all rules of ours and sets changed sysctls back.
 * @throws AgentError RULES_IN_USE while the nics role runs, ROOT_NEEDED
 */
export async function dropQueueing(location: Location, { json }: Format): Promise<void> {
  requireRoot()
  const { config } = await loadConfig(location.file, location)
  if (await isAnswered(pathsOf(config).statusSocket('nics'))) {
    throw new AgentError(
      'RULES_IN_USE',
      'the nics role runs and would put the rules back; stop it first: systemctl stop okeanid-nics',
    )
  }
  const { removed, restored } = await removeQueueing(queueingSettings(config))
  if (json) {
    printLine(JSON.stringify({ removed, restored }))
    return
  }
  printLine(
    removed.length === 0 ? 'there were no rules' : `removed the rules of ${removed.join(' and ')}`,
  )
  for (const { name, before } of restored) printLine(`${name} is ${before} again`)
}

/** The tools tell others than root of no rules, which is not the same as that there are none. */
function requireRoot(): void {
  if (process.geteuid?.() !== 0)
    throw new AgentError('ROOT_NEEDED', 'rules are seen and changed by root only; run it as root')
}

async function isAnswered(socket: string): Promise<boolean> {
  try {
    await askStatusSocket(socket, '/status')
    return true
  } catch (error) {
    if (error instanceof AgentError && error.code === 'AGENT_NOT_RUNNING') return false
    throw error
  }
}
