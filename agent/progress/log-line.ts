/** What a log line of Ganeti's says, as far as programs care. */
export interface ParsedLine {
  readonly level: 'info' | 'warning' | 'error'
  /** What the op is at, in words that do not change with names and numbers; undefined for lines that tell no phase. */
  readonly phase: string | undefined
  /** How far that is, 0 to 100; of several disks the one that the line is about. */
  readonly percentage: number | undefined
}

/**
 * Reads a log line of an op. Ganeti has no other source of progress; its texts are those of `lib/cmdlib/instance*.py`,
 * `lib/masterd/instance.py` and `lib/hypervisor`, and nobody promises that they stay.
 */
export function parseLogLine(text: string): ParsedLine {
  const [, word = ''] = /^\s*- (INFO|WARNING|ERROR|NOTICE): /.exec(text) ?? []
  const plain = text
    .replace(/^\s*- (?:INFO|WARNING|ERROR|NOTICE): /, '')
    .replace(/^[\s*-]+/, '')
    .trimEnd()
  return {
    level: word === 'WARNING' ? 'warning' : word === 'ERROR' ? 'error' : 'info',
    phase: phases.find(([pattern]) => pattern.test(plain))?.[1],
    percentage: percentageOf(plain),
  }
}

/** The first that fits counts. */
const phases: readonly (readonly [RegExp, string])[] = [
  [/^Selected nodes for instance /, 'selecting-nodes'],
  [/^creating instance disks/, 'creating-disks'],
  [/^disk \d+, size /, 'creating-disks'],
  [/^adding instance \S+ to cluster config/, 'adding-instance'],
  [/^adding disks to cluster config/, 'adding-disks'],
  [/^Wiping disk/i, 'wiping-disks'],
  [/^done: \d/, 'wiping-disks'],
  [/^Waiting for instance \S+ to sync disks/, 'syncing-disks'],
  [/^device \S+ .*% done/, 'syncing-disks'],
  [/^device \S+: +\d/, 'syncing-disks'],
  [/^Instance \S+'s disks are in sync/, 'disks-in-sync'],
  [/^(?:wait until resync is done|progress: \d)/, 'syncing-disks'],
  [/^running the instance OS create scripts/i, 'installing-os'],
  [/^Running instance OS create scripts/i, 'installing-os'],
  [/^Changing OS /, 'changing-os'],
  [/^running the instance OS import scripts/i, 'importing-os'],
  [/^Trying to hotplug device/, 'hot-plugging'],
  [/^Hotplug done/, 'hot-plugged'],
  [/^Growing disk /, 'growing-disk'],
  [/^starting instance/, 'starting'],
  [/^starting the instance on the target node/, 'starting'],
  [/^Instance \S+ was already stopped, starting now/, 'starting'],
  [/^shutting down instance /i, 'shutting-down'],
  [/^Migrating instance /, 'migrating'],
  [/^preparing \S+ to accept the instance/, 'preparing-target'],
  [/^migrating instance to /, 'migrating'],
  [/^(?:starting memory transfer|memory transfer progress:)/, 'memory-transfer'],
  [/^memory transfer has switched to postcopy/, 'postcopy'],
  [/^memory transfer complete/, 'memory-transferred'],
  [/^Failover instance /, 'failing-over'],
  [/^checking disk consistency/, 'checking-disks'],
  [/^activating the instance's disks/, 'activating-disks'],
  [/^deactivating the instance's disks/, 'deactivating-disks'],
  [/^closing instance disks/, 'closing-disks'],
  [/^opening instance disks/, 'opening-disks'],
  [/^Exporting disk\/\d+ /, 'exporting'],
  [/^disk\/\d+ (?:is sending data|sent )/, 'sending'],
  [/^disk\/\d+ finished sending data/, 'sent'],
  [/^disk\/\d+ (?:is now listening|is receiving data|received )/, 'receiving'],
  [/^disk\/\d+ finished receiving data/, 'received'],
  [/^Removing the disks /, 'removing-disks'],
  [/^STEP \d+\/\d+ /, 'replacing-disks'],
  [/^done$/, 'done'],
]

/** Only where a line is about progress: other lines quote percentages of nothing. */
function percentageOf(plain: string): number | undefined {
  const [, progress] =
    /^(?:device \S+.*? (\d+(?:\.\d+)?) ?% done|memory transfer progress: (\d+(?:\.\d+)?) ?%|progress: (\d+(?:\.\d+)?) ?%|done: (\d+(?:\.\d+)?) ?%|disk\/\d+ (?:sent|received) .*?(\d+(?:\.\d+)?) ?%)/
      .exec(plain)
      ?.filter((part) => part !== undefined) ?? []
  const value = Number(progress)
  return progress === undefined || !(value >= 0 && value <= 100) ? undefined : value
}
