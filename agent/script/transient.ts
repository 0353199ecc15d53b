import type { ScriptSettings } from './settings.js'

/** A run, and where things are for it. */
export interface TransientRun {
  readonly unit: string
  /** For people who list units. */
  readonly description: string
  readonly script: string
  readonly settings: ScriptSettings
  /** Its environment, {@link runEnvironment}. */
  readonly environmentFile: string
  readonly outputFile: string
  /** Where hooks/script-ended notes how it ended. */
  readonly endedFile: string
  /** Our shell programs hooks/run-script and hooks/script-ended. */
  readonly runScript: string
  readonly scriptEnded: string
}

/**
 * Arguments of systemd-run(1) for a run.
 *
 * Files of ours are opened by systemd before it becomes the script's user. Nothing depends on who called systemd-run: the limit of time, the
 * end of everything that the script has started, and the note of how it ended are the unit's own.
 */
export function transientArguments(run: TransientRun): readonly string[] {
  const { unit, description, script, settings, environmentFile, outputFile, endedFile } = run
  const properties: readonly (readonly [string, string | undefined])[] = [
    ['Type', 'exec'], // then a user that does not exist is a failure to start
    ['CollectMode', 'inactive-or-failed'],
    ['Slice', 'okeanid-hooks.slice'],
    ['User', settings.user],
    ['Group', settings.group === '' ? undefined : settings.group],
    ['StandardInput', `file:${environmentFile}`],
    ['StandardOutput', `append:${outputFile}`],
    ['StandardError', 'inherit'],
    ['ExecStopPost', `+${run.scriptEnded} ${endedFile}`],
    ['RuntimeMaxSec', seconds(settings.timeoutMs)],
    ['TimeoutStopSec', seconds(settings.graceMs)],
    ['UMask', '0077'],
    ['IgnoreSIGPIPE', 'no'],
    ['MemoryMax', settings.memoryMaxBytes?.toString()],
    ['MemorySwapMax', settings.memoryMaxBytes === undefined ? undefined : '0'],
    [
      'CPUQuota',
      settings.cpuQuotaPercent === undefined ? undefined : `${settings.cpuQuotaPercent}%`,
    ],
    ['TasksMax', settings.tasksMax?.toString()],
    ['PrivateNetwork', settings.hasPrivateNetwork ? 'yes' : undefined],
    ['ProtectSystem', settings.isReadOnly ? 'strict' : undefined],
    ['ProtectHome', settings.isReadOnly ? 'read-only' : undefined],
    ['PrivateTmp', settings.isReadOnly ? 'yes' : undefined],
  ]
  return [
    '--quiet',
    `--unit=${unit}`,
    `--description=${description}`,
    ...properties.flatMap(([name, value]) =>
      value === undefined ? [] : [`--property=${name}=${value}`],
    ),
    '--',
    run.runScript,
    String(Math.ceil(settings.outputMaxBytes / 1024)),
    script,
  ]
}

function seconds(ms: number): string {
  return `${ms / 1000}s`
}
