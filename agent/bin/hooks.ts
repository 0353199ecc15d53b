/**
 * `okeanid hooks install | remove | check`: the scripts by which Ganeti calls us. Both generations are put in place whatever version is
 * installed, for an upgrade of Ganeti must not come between.
 */
import { hookFindings } from '#doctor/hook-findings.js'
import { AgentError, systemCode } from '#errors.js'
import { loadConfig } from '#service/config.js'
import { printable, printLine } from '#service/log.js'
import {
  type HookChange,
  type HookPlaces,
  installedScripts,
  installHooks,
  readHooks,
  removeHooks,
} from './hook-files.js'

interface Location {
  readonly file: string
  readonly isRequired: boolean
}

interface Format {
  readonly json?: true
}

/** Puts our scripts in place; what stood there is kept. */
export async function putHooks(location: Location, format: Format): Promise<void> {
  const places = await hookPlaces(location)
  printChanges(
    change(() => installHooks(places)),
    { ...format, none: 'all hooks are in place' },
  )
}

/** Takes our scripts away and puts back what stood there. Guests run on, with the rules they have. */
export async function dropHooks(location: Location, format: Format): Promise<void> {
  const places = await hookPlaces(location)
  printChanges(
    change(() => removeHooks(places)),
    { ...format, none: 'there were no hooks of ours' },
  )
}

/**
 * Prints what keeps Ganeti from calling us.
 * @throws AgentError HOST_BROKEN when something does
 */
export async function checkHooks(location: Location, { json }: Format): Promise<void> {
  const facts = readHooks(await hookPlaces(location))
  const findings = hookFindings(facts)
  const brokenCount = findings.filter(({ level }) => level === 'broken').length
  if (json) printLine(JSON.stringify({ ok: brokenCount === 0, ...facts, findings }, null, 2))
  else
    for (const { level, what, cure } of findings)
      printLine(printable(`${level.padEnd(6)}  ${what}; cure: ${cure}`))
  if (brokenCount > 0)
    throw new AgentError('HOST_BROKEN', `Ganeti goes by ${brokenCount} of our hooks`)
  if (!json && findings.length === 0)
    printLine('ok: Ganeti calls okeanid, whichever version it has')
}

async function hookPlaces(location: Location): Promise<HookPlaces> {
  const { config } = await loadConfig(location.file, location)
  return { root: config.ganeti.root, scripts: installedScripts }
}

/** @throws AgentError ROOT_NEEDED */
function change(work: () => readonly HookChange[]): readonly HookChange[] {
  try {
    return work()
  } catch (error) {
    if (systemCode(error) !== 'EACCES' && systemCode(error) !== 'EPERM') throw error
    throw new AgentError('ROOT_NEEDED', 'only root can change Ganeti’s hooks; run it as root')
  }
}

function printChanges(
  changes: readonly HookChange[],
  { json, none }: Format & { readonly none: string },
): void {
  if (json) {
    printLine(JSON.stringify({ changes }, null, 2))
    return
  }
  if (changes.length === 0) printLine(none)
  for (const { path, what, kept } of changes) {
    const note = what === 'installed' && kept !== undefined ? `; what stood there is ${kept}` : ''
    printLine(printable(`${what.padEnd(9)} ${path}${note}`))
  }
}
