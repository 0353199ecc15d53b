import { existsSync } from 'node:fs'
import path from 'node:path'
import { maxHookBytes } from '#ganeti/hook-environment.js'
import { parseScriptHook } from '#script/hook.js'
import { openSpool, type Spool, type SpooledFile } from '#watch/spool.js'
import { readScripts } from './script-folder.js'
import { type OpenHook, openHook } from './script-hooks.js'
import type { ScriptQueue } from './script-queue.js'
import type { ScriptsParts } from './scripts-task.js'

/** Hooks in hand at most; beyond that the spool fills, and whoever fills the spool says so. */
const maxHooks = 10_000

/** How often the spool is listed when nothing tells of a file. */
const rescanMs = 5000

/** Where hooks go. */
export interface Intake {
  readonly queue: ScriptQueue
  /** How many hooks are in hand. */
  readonly count: () => number
  readonly signal: AbortSignal
  readonly onTaken: (hook: OpenHook) => void
  /** Whether scripts are wanted that cannot be run here. */
  readonly onHeldUp: (isHeldUp: boolean) => void
}

/** Takes hooks from the spool until the signal aborts. Those without a script just go; what is no hook goes aside. */
export async function takeHooks(parts: ScriptsParts, intake: Intake): Promise<void> {
  const { spoolDirectory: directory, log } = parts
  const { signal, count, onHeldUp } = intake
  const spool = openSpool({
    ...{ directory, maxBytes: maxHookBytes, rescanMs, signal },
    onNotice: (notice) => log('warning', `script-spool-${notice.kind}`, { directory, ...notice }),
  })
  let isHeldUp = false
  for await (const files of spool.batches()) {
    let stays = false
    for (const file of files) {
      if (count() >= maxHooks) break
      if (!(await takeFile(file, spool, { parts, intake }))) stays = true
    }
    if (stays && !isHeldUp)
      log('error', 'scripts-held-up', {
        problem: 'there is no systemd here, which runs scripts within their limits',
        directory,
      })
    isHeldUp = stays
    onHeldUp(stays)
  }
}

/** @returns false for one that stays in the spool, because it cannot be run here */
async function takeFile(
  file: SpooledFile,
  spool: Spool,
  { parts, intake }: { readonly parts: ScriptsParts; readonly intake: Intake },
): Promise<boolean> {
  const { spoolDirectory, scriptsDirectory, units, log } = parts
  const { queue, onTaken } = intake
  const parsed = parseScriptHook(file.text)
  if (!parsed.ok) {
    await spool.refuse(file, parsed.problem)
    return true
  }
  const { operation, target, job } = parsed.value
  const scripts = await readScripts(scriptsDirectory, operation)
  if (scripts.length === 0) {
    await spool.remove([file])
    return true
  }
  if (!units.isThere()) return false
  const source = path.join(spoolDirectory, file.name)
  if (!existsSync(source)) return true // an earlier listing had it too
  const number = await queue.take(source)
  log('info', 'script-hook', { hook: number, op: operation, target, job, scripts: scripts.length })
  onTaken(openHook(number, parsed.value))
  return true
}
