/** How a script of an administrator is run. */
export interface ScriptSettings {
  readonly user: string
  /** Empty for the user's own. */
  readonly group: string
  /** After this the script and all that it started are ended. */
  readonly timeoutMs: number
  /** How long they have to end by themselves then. */
  readonly graceMs: number
  /** How often it is run again after a failure. */
  readonly retryCount: number
  /** Between two runs: doubled each time, up to the longest. */
  readonly retryFirstMs: number
  readonly retryMaxMs: number
  /** Whether one that was ended by a crash of the host, a shutdown or somebody's hand is run again. */
  readonly isRetriedWhenInterrupted: boolean
  readonly memoryMaxBytes: number | undefined
  readonly cpuQuotaPercent: number | undefined
  readonly tasksMax: number | undefined
  readonly hasPrivateNetwork: boolean
  /** Whether the host's files are read-only for it, but for a /tmp of its own. */
  readonly isReadOnly: boolean
  /** Of what it prints so much is kept. */
  readonly outputMaxBytes: number
}

/**
 * The names by which sections of a configuration may mean a script, the best first: its file's, and that without the number by which
 * files are ordered (`50-dns-update`, `dns-update`).
 */
export function settingNames(script: string): readonly string[] {
  const plain = script.replace(/^\d+[-_]/, '')
  return plain === script || plain === '' ? [script] : [script, plain]
}
