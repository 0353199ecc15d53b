import { systemCode } from '#errors.js'
import { parseExported } from '#ganeti/exported-variables.js'
import {
  formatEnvironment,
  type HookValues,
  maxHookBytes,
  type PostHook,
  postHookOf,
} from '#ganeti/hook-environment.js'
import type { Log } from '#service/log.js'
import type { Task } from '#service/tasks.js'
import { openSpool, type Spool, type SpooledFile, type SpoolNotice } from '#watch/spool.js'
import type { HookCounts } from './hooks-status.js'
import type { Idleness } from './idleness.js'

/** A hook with all that those who go by it want to know. */
export interface TakenHook {
  /** Name of its file: of all files of this host no other has it, and of one boot they sort by time. */
  readonly fileName: string
  /** When it was left: Unix time. */
  readonly timeMs: number
  readonly hook: PostHook
  readonly values: HookValues
  /** The environment, `NAME=value` ended by NUL each. */
  readonly environment: string
}

/** Somebody who goes by hooks. @throws Error with `code` when his spool cannot be written: the hook comes again */
export type HookTaker = (taken: TakenHook) => void | Promise<void>

/** What the task works with. */
export interface DispatchParts {
  /** Where hooks/okeanid-post leaves its files. */
  readonly directory: string
  readonly takers: readonly HookTaker[]
  /** That many hooks found no room. */
  readonly onLost: (count: number) => void
  readonly idleness: Pick<Idleness, 'begin'>
  readonly log: Log
}

/** The task, and what it has done. */
export interface Dispatching {
  readonly task: Task
  readonly counts: () => HookCounts
}

/** How often the folder is listed when nothing tells of a file, and how often what failed is tried again. */
const rescanMs = 2000

/** A file that is not whole after this time has no writer any more: its disk was full. */
const abandonedMs = 60_000

/**
 * Hands what post hooks left to everybody who goes by it, in order; only then the file goes. A crash in between hands it on again, so
 * each taker bears the same hook twice. One file that nobody understands holds up nobody.
 */
export function hookDispatchTask(parts: DispatchParts): Dispatching {
  const { directory, takers, idleness, log } = parts
  let taken = 0
  let lost = 0
  let bad = 0
  let problem: string | undefined

  function lose(count: number): void {
    lost += count
    log('error', 'hooks-lost', { directory, lost: count })
    parts.onLost(count)
  }

  function onNotice(notice: SpoolNotice): void {
    if (notice.kind === 'lost') return lose(notice.count)
    if (notice.kind === 'unusable')
      return log('error', 'hook-spool-unusable', { directory, code: notice.code })
    bad += 1
    log('warning', 'hook-file-bad', { directory, file: notice.name, why: notice.why })
  }

  /** @returns whether it may go */
  async function take(spool: Spool, file: SpooledFile): Promise<boolean> {
    const exported = parseExported(file.text)
    if (exported.kind === 'unfinished') {
      const isAbandoned = Date.now() - file.modifiedMs > abandonedMs
      if (isAbandoned) lose(1)
      return isAbandoned
    }
    if (exported.kind === 'damaged') {
      await spool.refuse(file, 'is not what a shell exports')
      return false
    }
    const { values } = exported
    const hook = postHookOf(values)
    if (!hook.ok) {
      await spool.refuse(file, hook.problem)
      return false
    }
    const environment = formatEnvironment(values)
    const { name: fileName, modifiedMs: timeMs } = file
    for (const taker of takers)
      await taker({ fileName, timeMs, hook: hook.value, values, environment })
    taken += 1
    return true
  }

  async function takeAll(spool: Spool, files: readonly SpooledFile[]): Promise<void> {
    for (const file of files) {
      try {
        if (await take(spool, file)) await spool.remove([file])
        problem = undefined
      } catch (error) {
        const code = systemCode(error)
        if (code === undefined) throw error
        const text = `${code}: ${String(error)}`
        if (problem === undefined)
          log('error', 'hook-not-handed-on', { file: file.name, problem: text })
        problem = text
        return // later ones of the same instance must not overtake it
      }
    }
  }

  return {
    counts: () => ({ taken, lost, bad, problem }),
    task: {
      name: 'hooks',
      async run(signal) {
        const spool = openSpool({ directory, maxBytes: maxHookBytes, rescanMs, onNotice, signal })
        for await (const files of spool.batches()) {
          const done = idleness.begin()
          await takeAll(spool, files)
          done()
        }
      },
    },
  }
}
