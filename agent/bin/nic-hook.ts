/**
 * What Ganeti's NIC scripts run: `okeanid nic up` and `okeanid nic down`, with Ganeti's environment.
 *
 * Exit code 0: done, or none of our business (Ganeti's own `gnt.com.*` taps). 1: the NIC is not set up; one line of ASCII on standard
 * error says why, which Ganeti shows as the reason why the instance did not start. Nothing else is printed; warnings go to the system's
 * log. No running role is needed. Options, for tests and chroots: `--state-directory`, `--runtime-directory`, `--break-glass`.
 */
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { nicOfWords } from '#nic/ganeti-nic.js'
import type { Nic } from '#nic/nic.js'
import { isGlassBroken } from './nic-compiled.js'
import { takeDownNic } from './nic-down.js'
import { asciiLine, tellLog } from './nic-notice.js'
import { type NicPlaces, nicPlaces } from './nic-places.js'
import { readRequest } from './nic-request.js'
import { setUpNic } from './nic-up.js'
import { spoolEvent } from './spool-event.js'

const options = {
  'state-directory': { type: 'string' },
  'runtime-directory': { type: 'string' },
  'break-glass': { type: 'string' },
} as const satisfies ParseArgsConfig['options']

/** Runs what Ganeti's NIC scripts ask for; its exit code. Never throws: also a bug of ours is told in one line, for Ganeti shows it. */
export async function runHook(verb: 'up' | 'down', args: readonly string[]): Promise<number> {
  let places = nicPlaces()
  try {
    const { values } = parseArgs({ args: [...args], options })
    places = nicPlaces({
      stateDirectory: values['state-directory'],
      runtimeDirectory: values['runtime-directory'],
      breakGlassFile: values['break-glass'],
    })
    return await serve(verb, places)
  } catch (error) {
    const told = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return isGlassBroken(places) ? startAlthough(told, places) : refuse(told)
  }
}

/** The glass is broken, and there is no NIC to set up: the tap stays as Ganeti made it. */
async function startAlthough(told: string, { breakGlassFile }: NicPlaces): Promise<number> {
  await tellLog('alert', [`starts although (${breakGlassFile} exists) ${told}`])
  return 0
}

async function serve(verb: 'up' | 'down', places: NicPlaces): Promise<number> {
  const request = readRequest(process.env, process.ppid)
  if (request.kind === 'communication') return 0
  if (request.kind === 'faulty') {
    const told = `NIC ${process.env['INTERFACE'] ?? ''}: ${request.problems.join('; ')}`
    return verb === 'up' && isGlassBroken(places) ? startAlthough(told, places) : refuse(told)
  }
  const nic = nicOfWords(request.words)
  const isDown = verb === 'down' || request.action === 'down'
  await tellLog(
    'warning',
    request.warnings.map((text) => `${nameOf(nic)}: ${text}`),
  )
  const isIncoming = request.migrationPhase !== undefined
  return isDown ? down(nic, places) : up(nic, { places, isIncoming })
}

async function up(
  nic: Nic,
  { places, isIncoming }: { readonly places: NicPlaces; readonly isIncoming: boolean },
): Promise<number> {
  const result = await setUpNic(nic, { places, isIncoming })
  if (!result.ok) {
    tellEvent(nic, places, { status: 'failed', reason: result.problem })
    return refuse(`${nameOf(nic)}: ${result.problem}`)
  }
  const { warnings, isGlassBroken } = result.value
  const name = nameOf(nic)
  await tellLog(
    isGlassBroken ? 'alert' : 'warning',
    warnings.map((text) =>
      isGlassBroken
        ? `${name}: starts although (${places.breakGlassFile} exists) ${text}`
        : `${name}: ${text}`,
    ),
  )
  if (isGlassBroken) tellEvent(nic, places, { status: 'failed', reason: warnings.join('; ') })
  else tellEvent(nic, places, { status: 'up', reason: undefined })
  return 0
}

async function down(nic: Nic, places: NicPlaces): Promise<number> {
  const { warnings, isRemoved } = await takeDownNic(nic, places)
  await tellLog(
    'warning',
    warnings.map((text) => `${nameOf(nic)}: ${text}`),
  )
  if (isRemoved) tellEvent(nic, places, { status: 'down', reason: undefined })
  return 0
}

function nameOf({ tap, instance, index }: Nic): string {
  return `NIC ${index} of ${instance} (${tap})`
}

function refuse(problem: string): number {
  process.stderr.write(`okeanid: ${asciiLine(problem)}\n`)
  return 1
}

/** An event that cannot be left is no reason for anything. */
function tellEvent(
  nic: Nic,
  { spoolDirectory }: NicPlaces,
  {
    status,
    reason,
  }: { readonly status: 'up' | 'down' | 'failed'; readonly reason: string | undefined },
): void {
  const { tap, mac, index, name, uuid, mode, link, ip, ip6, network } = nic
  const shown = { tap, mac, index, name, uuid, mode, link, ip, ip6, network: network?.name }
  const { instance } = nic
  try {
    spoolEvent(spoolDirectory, {
      kind: 'nic',
      status,
      instance,
      reason: reason === undefined ? undefined : asciiLine(reason),
      nic: shown,
    })
  } catch {
    // a full disk
  }
}
