import { spoolFile } from '#watch/spool-writer.js'
import type { HookTaker } from './hook-dispatch-task.js'

/** After these, an instance may want other rules on its primary node. */
const nicChanges: ReadonlySet<string> = new Set(
  ['add', 'modify', 'rename', 'reboot', 'start', 'migrate', 'failover'].map(
    (change) => `instance-${change}`,
  ),
)

/** Leaves word for the nics role of what may change NICs of an instance; it is only a hint, and a full spool drops it. */
export function hintTaker(directory: string): HookTaker {
  return ({ fileName, hook, environment }) => {
    if (nicChanges.has(hook.path)) spoolFile(directory, fileName, environment)
  }
}
