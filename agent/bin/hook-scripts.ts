/**
 * `okeanid hooks scripts list | enable | disable`: which scripts run after which operation, and the ones that come with okeanid, which
 * are links in the folders of the operations that they are for.
 */
import { existsSync, lstatSync, mkdirSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { AgentError, systemCode } from '#errors.js'
import { loadConfig } from '#service/config.js'
import { printable, printLine } from '#service/log.js'
import { ownProgram } from './host-scripts.js'
import { folderOf, readFolder } from './script-folder.js'

interface Location {
  readonly file: string
  readonly isRequired: boolean
}

interface Format {
  readonly json?: true | undefined
}

/** A script that comes with okeanid. */
interface ShippedScript {
  readonly name: string
  readonly about: string
  readonly operations: readonly string[]
  /** Without it the script does nothing. */
  readonly needs: string | undefined
}

const shippedScripts: readonly ShippedScript[] = [
  {
    name: 'dns-update',
    about: 'A, AAAA and PTR records by dynamic update (RFC 2136), on the master',
    operations: ['instance-add', 'instance-modify', 'instance-rename', 'instance-remove'],
    needs: '/etc/okeanid/dns-update.conf',
  },
  {
    name: 'announce',
    about: 'gratuitous ARP and neighbour advertisements, on nodes without the nics role',
    operations: ['instance-start', 'instance-reboot', 'instance-migrate', 'instance-failover'],
    needs: undefined,
  },
]

/** Names of the scripts that come with okeanid. */
export const shippedNames: readonly string[] = shippedScripts.map(({ name }) => name)

/** Prints every script in every folder and what becomes of it, then the shipped ones. */
export async function listScripts(location: Location, { json }: Format): Promise<void> {
  const directory = await directoryOf(location)
  const scripts = []
  for (const folder of await foldersIn(directory)) {
    const operation = folder.replace(/^post-(.*)\.d$/, '$1')
    for (const { file, verdict } of await readFolder(path.join(directory, folder)))
      scripts.push({ operation, file, ...verdict })
  }
  const shipped = shippedScripts.map((script) => ({
    ...script,
    enabled: script.operations.every((operation) => isOurs(linkOf(directory, operation, script))),
  }))
  if (json) {
    printLine(JSON.stringify({ scripts, shipped }, null, 2))
    return
  }
  if (scripts.length === 0) printLine(`there are no scripts in ${directory}`)
  for (const script of scripts) {
    const why = script.kind === 'refused' ? `: ${script.why}` : ''
    printLine(printable(`${script.kind.padEnd(8)} ${script.file}${why}`))
  }
  for (const { name, about, enabled } of shipped)
    printLine(`${enabled ? 'enabled' : 'shipped'}  ${name}: ${about}`)
}

/**
 * Puts links to a shipped script into the folders of its operations.
 * @throws AgentError HOST_BROKEN when something else stands there, ROOT_NEEDED
 */
export async function enableScript(
  location: Location,
  name: string,
  { json }: Format,
): Promise<void> {
  const directory = await directoryOf(location)
  const script = shippedNamed(name)
  const links = script.operations.map((operation) => linkOf(directory, operation, script))
  const foreign = links.find((link) => entryExists(link) && !isOurs(link))
  if (foreign !== undefined)
    throw new AgentError('HOST_BROKEN', `${foreign} is not okeanid’s; move it away first`)
  const missing = links.filter((link) => !entryExists(link))
  asRoot(() => {
    for (const link of missing) {
      mkdirSync(path.dirname(link), { recursive: true, mode: 0o755 })
      symlinkSync(targetOf(script), link)
    }
  })
  const { needs } = script
  const lacks = needs !== undefined && !existsSync(needs) ? needs : undefined
  if (json) {
    printLine(JSON.stringify({ enabled: missing, needs: lacks ?? null }))
    return
  }
  for (const link of missing) printLine(`enabled  ${link}`)
  if (missing.length === 0) printLine(`${name} was enabled already`)
  if (lacks !== undefined) printLine(`it does nothing without ${lacks}: docs/hooks.md`)
}

/** Takes the links away. */
export async function disableScript(
  location: Location,
  name: string,
  { json }: Format,
): Promise<void> {
  const directory = await directoryOf(location)
  const script = shippedNamed(name)
  const links = script.operations
    .map((operation) => linkOf(directory, operation, script))
    .filter(isOurs)
  asRoot(() => {
    for (const link of links) unlinkSync(link)
  })
  if (json) {
    printLine(JSON.stringify({ disabled: links }))
    return
  }
  for (const link of links) printLine(`disabled ${link}`)
  if (links.length === 0) printLine(`${name} was not enabled`)
}

async function directoryOf(location: Location): Promise<string> {
  return (await loadConfig(location.file, location)).config.scripts.directory
}

function shippedNamed(name: string): ShippedScript {
  const script = shippedScripts.find((candidate) => candidate.name === name)
  if (script !== undefined) return script
  throw new AgentError(
    'INPUT_UNREADABLE',
    `okeanid has no script ${name}; it has ${shippedNames.join(', ')}`,
  )
}

function linkOf(directory: string, operation: string, { name }: ShippedScript): string {
  return path.join(folderOf(directory, operation), `50-${name}`)
}

function targetOf({ name }: ShippedScript): string {
  return ownProgram(`scripts/${name}`)
}

function isOurs(link: string): boolean {
  return isLink(link) && shippedScripts.some((script) => readlinkSync(link) === targetOf(script))
}

function isLink(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true
}

function entryExists(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined
}

async function foldersIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter((name) => /^post-.+\.d$/.test(name)).toSorted()
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}

/** @throws AgentError ROOT_NEEDED */
function asRoot(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (systemCode(error) !== 'EACCES' && systemCode(error) !== 'EPERM') throw error
    throw new AgentError('ROOT_NEEDED', 'only root can enable scripts; run it as root')
  }
}
