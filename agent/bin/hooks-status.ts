import type { NodeConfig } from '#service/node-config.js'
import { describeProcess, type ProcessStatus, processStatus } from './process-status.js'
import type { ScriptsState } from './scripts-task.js'

/** What the hooks role has done since it was started. */
export interface HookCounts {
  /** Hooks that were handed on. */
  readonly taken: number
  /** Hooks of which the entry could leave nothing: the spool or the disk was full. */
  readonly lost: number
  /** Files that were no hook’s. */
  readonly bad: number
  /** Why the newest hook cannot be handed on; undefined when it can. */
  readonly problem: string | undefined
}

/** How a hooks role is, as `okeanid status --json` prints it. */
export interface HooksStatus extends ProcessStatus {
  readonly role: 'hooks'
  readonly hooks: {
    readonly taken: number
    readonly lost: number
    readonly bad: number
    readonly problem: string | null
  }
  /** Hooks for which scripts run or wait, those that run, and whether they cannot run here. */
  readonly scripts: {
    readonly hooks: number
    readonly running: number
    readonly held_up: boolean
  }
}

/** The role's status now. */
export function hooksStatus(
  config: Pick<NodeConfig, 'digest'>,
  {
    hooks: { problem, ...counts },
    scripts: { hookCount, runCount, isHeldUp },
  }: { readonly hooks: HookCounts; readonly scripts: ScriptsState },
): HooksStatus {
  return {
    role: 'hooks',
    ...processStatus(config),
    hooks: { ...counts, problem: problem ?? null },
    scripts: { hooks: hookCount, running: runCount, held_up: isHeldUp },
  }
}

/** One line: what `systemctl status` shows. */
export function describeHooks({
  hooks: { taken, lost, bad, problem },
  scripts,
}: HooksStatus): string {
  const notes = [
    ...(lost > 0 ? [`${lost} LOST`] : []),
    ...(bad > 0 ? [`${bad} bad`] : []),
    ...(scripts.hooks > 0 ? [`scripts for ${scripts.hooks}, ${scripts.running} running`] : []),
    ...(scripts.held_up ? ['SCRIPTS NOT RUN: no systemd'] : []),
    ...(problem === null ? [] : [`NOT HANDED ON: ${problem}`]),
  ]
  return [`${taken} hooks taken`, ...notes].join(', ')
}

/** What `okeanid status` prints of it: name and value of each line. */
export function describeHooksLines(status: HooksStatus): readonly (readonly [string, string])[] {
  return [
    ['role', describeProcess(status)],
    ['hooks', describeHooks(status)],
  ]
}
