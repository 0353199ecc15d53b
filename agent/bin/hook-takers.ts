import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { formatHookFact } from '#event/net-fact.js'
import { netFactOf } from '#progress/net-event.js'
import { spoolFile, stampNow } from '#watch/spool-writer.js'
import type { HookTaker } from './hook-dispatch-task.js'
import type { JobFinder } from './job-finder.js'

/** After these, an instance may want other rules on its primary node. */
const nicChanges: ReadonlySet<string> = new Set(
  ['add', 'modify', 'rename', 'reboot', 'start', 'migrate', 'failover', 'move'].map(
    (change) => `instance-${change}`,
  ),
)

/** Leaves word for the nics role of what may change NICs of an instance; it is only a hint, and a full spool drops it. */
export function hintTaker(directory: string): HookTaker {
  return ({ fileName, hook, environment }) => {
    if (hook.instance !== undefined && nicChanges.has(hook.path))
      spoolFile(directory, fileName, environment)
  }
}

/** Leaves the NICs that an instance has after an operation for the events role. What finds its spool full is counted there. */
export function netTaker(directory: string): HookTaker {
  return ({ fileName, timeMs, hook, values }) => {
    const fact = netFactOf(hook, { id: fileName.replace(/\.json$/, ''), timeMs, values })
    if (fact !== undefined) spoolFile(directory, fileName, formatHookFact(fact))
  }
}

/** Tells the events role that so many hooks were lost, so that somebody who lives longer than this role counts them. */
export function tellGap(directory: string, lostCount: number): void {
  spoolFile(directory, stampNow().fileName, formatHookFact({ kind: 'gap', lostCount }))
}

/** Leaves the environments of hooks for which the administrator has scripts, with the number of the job where it can be told. */
export function scriptTaker(
  directory: string,
  { scriptsDirectory, finder }: { readonly scriptsDirectory: string; readonly finder: JobFinder },
): HookTaker {
  return async ({ fileName, timeMs, hook, environment }) => {
    if (!hasScripts(path.join(scriptsDirectory, `post-${hook.path}.d`))) return
    const { opcode, instance } = hook
    const nameBefore = instance?.nameBefore
    const job =
      nameBefore === undefined ? undefined : await finder.find({ opcode, nameBefore, timeMs })
    const first = job === undefined ? '' : `OKEANID_JOB_ID=${job}\0`
    spoolFile(directory, fileName, `${first}${environment}`)
  }
}

/** Whether there is a script that Ganeti would run; who runs it judges it with more care. */
function hasScripts(folder: string): boolean {
  let names: readonly string[]
  try {
    names = readdirSync(folder)
  } catch {
    return false
  }
  return names.some((name) => {
    if (!/^[a-zA-Z0-9_-]+$/.test(name)) return false
    const stats = statSync(path.join(folder, name), { throwIfNoEntry: false })
    return stats?.isFile() === true && (stats.mode & 0o111) !== 0
  })
}
