/** What an intent wants of Ganeti. */
export type IntentKind =
  | 'create-server'
  | 'delete-server'
  | 'start'
  | 'stop'
  | 'reboot'
  | 'resize'
  | 'rebuild'
  | 'connect'
  | 'disconnect'
  | 'firewall'
  | 'tags'
  | 'create-network'
  | 'connect-network'
  | 'disconnect-network'
  | 'delete-network'

/** How summaries of Ganeti's jobs call what each kind makes (`OP_…` without its `OP_`). */
const operations: Readonly<Record<IntentKind, readonly string[]>> = {
  'create-server': ['INSTANCE_CREATE'],
  'delete-server': ['INSTANCE_REMOVE'],
  start: ['INSTANCE_STARTUP'],
  stop: ['INSTANCE_SHUTDOWN'],
  reboot: ['INSTANCE_REBOOT'],
  resize: ['INSTANCE_SET_PARAMS'],
  rebuild: ['INSTANCE_REINSTALL'],
  connect: ['INSTANCE_SET_PARAMS'],
  disconnect: ['INSTANCE_SET_PARAMS'],
  firewall: ['TAGS_SET', 'TAGS_DEL'],
  tags: ['TAGS_SET', 'TAGS_DEL'],
  'create-network': ['NETWORK_ADD'],
  'connect-network': ['NETWORK_CONNECT'],
  'disconnect-network': ['NETWORK_DISCONNECT'],
  'delete-network': ['NETWORK_REMOVE'],
}

/** The kind that a word names, or undefined. */
export function parseIntentKind(word: string): IntentKind | undefined {
  return word in operations ? (word as IntentKind) : undefined
}

/**
 * Whether a job with this summary may be what an intent of this kind made of this target: `INSTANCE_STARTUP(snf-42)`. Jobs
 * about tags name no target (`lib/opcodes.py` gives them no DSC field), and reinstalling is three ops in one job.
 */
export function mayBeJobOf(
  { kind, target }: { readonly kind: IntentKind; readonly target: string },
  summary: readonly string[],
): boolean {
  const words = operations[kind]
  return summary.some((line) =>
    words.some((word) => line === word || line === `${word}(${target})`),
  )
}
