/**
 * How a run of a script ended.
 *
 * - `ok`: status 0
 * - `failed`: another exit status
 * - `signal`: it was ended by a signal that nobody of us sent
 * - `timeout`: it took longer than it may
 * - `memory`: it wanted more memory than it may have
 * - `interrupted`: a shutdown, a crash of the host or somebody's hand ended it
 * - `unstarted`: systemd could not start it
 * - `refused`: it is no file that may be run
 */
export type Ending =
  | { readonly kind: 'ok' }
  | { readonly kind: 'failed'; readonly status: number }
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'memory' }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'unstarted'; readonly why: string }
  | { readonly kind: 'refused'; readonly why: string }

/** What systemd says of a unit that ended: `$SERVICE_RESULT`, `$EXIT_CODE`, `$EXIT_STATUS` (systemd.exec(5)). */
export interface UnitResult {
  readonly result: string
  readonly code: string
  readonly status: string
}

/** systemd's own exit statuses for what goes wrong before the script runs (systemd.exec(5), EXIT_CHDIR and on). */
const setupStatuses: ReadonlyMap<number, string> = new Map([
  [209, 'its output cannot be kept'],
  [216, 'there is no such group'],
  [217, 'there is no such user'],
  [218, 'capabilities cannot be set'],
  [225, 'it cannot have a network of its own'],
  [226, 'the file system cannot be made read-only for it'],
])

/** Reads what hooks/script-ended wrote; undefined when it is not that. */
export function parseUnitResult(text: string): UnitResult | undefined {
  const [, result, code, status] = /^(\S+) (\S+) (\S+)\n$/.exec(text) ?? []
  return result === undefined || code === undefined || status === undefined
    ? undefined
    : { result, code, status }
}

/** What became of the script, from what systemd says of its unit. */
export function endingOf({ result, code, status }: UnitResult): Ending {
  switch (result) {
    case 'timeout':
      return { kind: 'timeout' }
    case 'oom-kill':
      return { kind: 'memory' }
    case 'success':
      if (code === 'exited') return { kind: 'ok' }
      // a stop of the unit is a success to systemd, as is SIGPIPE
      return status === 'TERM' ? { kind: 'interrupted' } : { kind: 'signal', signal: status }
    case 'exit-code': {
      const problem = setupStatuses.get(Number(status))
      return problem === undefined
        ? { kind: 'failed', status: Number(status) }
        : { kind: 'unstarted', why: `${problem} (status ${status})` }
    }
    case 'signal':
    case 'core-dump':
      return { kind: 'signal', signal: status }
    default:
      return { kind: 'unstarted', why: `systemd says ${result}` }
  }
}

/** In words, for people. */
export function describeEnding(ending: Ending): string {
  switch (ending.kind) {
    case 'failed':
      return `status ${ending.status}`
    case 'signal':
      return `signal ${ending.signal}`
    case 'unstarted':
    case 'refused':
      return `${ending.kind}: ${ending.why}`
    case 'memory':
      return 'out of memory'
    case 'ok':
    case 'timeout':
    case 'interrupted':
      return ending.kind
  }
}
