import { readFile, writeFile } from 'node:fs/promises'
import { systemCode } from '#errors.js'

/** A sysctl that was changed, so that it can be changed back. */
export interface SysctlChange {
  /** `net.bridge.bridge-nf-call-iptables` */
  readonly name: string
  readonly before: string
  readonly ours: string
}

/** Where the changes are remembered over restarts of the agent and the host's update. */
export interface SysctlJournal {
  load(): Promise<readonly SysctlChange[]>
  /** On disk when it resolves. */
  save(changes: readonly SysctlChange[]): Promise<void>
}

/** The value, or undefined when this kernel has no such sysctl (its module is not loaded). */
export async function readSysctl(name: string): Promise<string | undefined> {
  try {
    return (await readFile(pathOf(name), 'utf8')).trim()
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Sets a value. What has to be set back one day goes to the journal first: {@link noteSysctls}. */
export async function writeSysctl(name: string, value: string): Promise<void> {
  await writeFile(pathOf(name), value)
}

/** Remembers values before they are changed. A second change of one sysctl keeps the first value as the one before. */
export async function noteSysctls(
  journal: SysctlJournal,
  changes: readonly SysctlChange[],
): Promise<void> {
  const known = await journal.load()
  const news = changes.filter(({ name }) => !known.some((other) => other.name === name))
  if (news.length > 0) await journal.save([...known, ...news])
}

/** Sets back what still has our value, forgets all, and gives what was set back. */
export async function restoreSysctls(journal: SysctlJournal): Promise<readonly SysctlChange[]> {
  const changes = await journal.load()
  const restored: SysctlChange[] = []
  for (const change of changes) {
    if ((await readSysctl(change.name)) !== change.ours || change.before === change.ours) continue
    await writeSysctl(change.name, change.before)
    restored.push(change)
  }
  if (changes.length > 0) await journal.save([])
  return restored
}

function pathOf(name: string): string {
  return `/proc/sys/${name.replaceAll('.', '/')}`
}
