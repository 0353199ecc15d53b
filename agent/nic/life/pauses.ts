import { type KnownQemu, keyOf } from './instance-changes.js'

/**
 * Decides when QEMU is asked whether its guest is paused, and what of the answer is told.
 *
 * QMP serves one client at a time and that one is Ganeti, so it is asked only when the threads of a guest have stood still for a while, or
 * those of one that is paused have run; and not again for a time by a guest that merely sleeps.
 */

/** How long each of a QEMU's threads has run, by thread; nanoseconds in decimal digits (/proc/PID/task/TID/schedstat). */
export type ThreadTimes = ReadonlyMap<string, string>

/** A guest that is paused. */
export interface Pause {
  /** `RunState` of QEMU (qapi/run-state.json): `paused`, `io-error`, `guest-panicked` … */
  readonly reason: string
  /** How long its threads had run by then, ns: the same however often it is looked at, so that what is told twice has one id. */
  readonly mark: string
}

/** What is told. `key` fits a message id. */
export interface PauseChange {
  readonly status: 'paused' | 'resumed'
  readonly reason: string | undefined
  readonly key: string
}

/** What is known of one QEMU; {@link firstLook} makes the first one. */
export interface PauseWatch {
  readonly times: ThreadTimes
  /** Since when no thread has run, on the caller's clock. */
  readonly stillSinceMs: number
  /** Before that it is not asked. */
  readonly askFromMs: number
  readonly pause: Pause | undefined
  /** Whether QEMU is to be asked now. */
  readonly isDue: boolean
}

/** A guest that does nothing wakes now and then; a paused one never does. */
const stillMs = 4000

/** A guest that was asked about and only slept is left in peace. */
const restMs = 60_000

/** Who did not answer may be busy with Ganeti. */
const retryMs = 15_000

/** States in which a guest stands that had run, or was to run. Not those of migration, and not those of an end. */
const pauses = new Set([
  'paused',
  'prelaunch',
  'io-error',
  'internal-error',
  'watchdog',
  'guest-panicked',
  'suspended',
  'debug',
])

/** @param pause what was told before a restart: it may have ended since, so QEMU is asked at once */
export function firstLook(
  times: ThreadTimes,
  { nowMs, pause }: { readonly nowMs: number; readonly pause?: Pause | undefined },
): PauseWatch {
  return { times, stillSinceMs: nowMs, askFromMs: nowMs, pause, isDue: pause !== undefined }
}

/** It has used so much of a processor that its guest runs: nobody needs to look at its threads. */
export function afterWork(watch: PauseWatch, nowMs: number): PauseWatch {
  return { ...watch, times: new Map(), stillSinceMs: nowMs, isDue: false }
}

/** What the next look at its threads says. */
export function nextLook(watch: PauseWatch, times: ThreadTimes, nowMs: number): PauseWatch {
  const hasRun = [...times].some(([thread, time]) => watch.times.get(thread) !== time)
  const stillSinceMs = hasRun ? nowMs : watch.stillSinceMs
  const isOdd = watch.pause === undefined ? nowMs - stillSinceMs >= stillMs : hasRun || watch.isDue
  return { ...watch, times, stillSinceMs, isDue: isOdd && nowMs >= watch.askFromMs }
}

/** What QEMU's answer means; undefined is none. */
export function onAnswer(
  watch: PauseWatch,
  {
    qemu,
    state,
    nowMs,
  }: { readonly qemu: KnownQemu; readonly state: string | undefined; readonly nowMs: number },
): { readonly watch: PauseWatch; readonly change: PauseChange | undefined } {
  const { pause } = watch
  const settled = { ...watch, isDue: false }
  if (state === undefined)
    return {
      watch: { ...watch, isDue: pause !== undefined, askFromMs: nowMs + retryMs },
      change: undefined,
    }
  if (pauses.has(state)) {
    if (pause !== undefined) return { watch: settled, change: undefined }
    const begun = { reason: state, mark: sumOf(watch.times) }
    return {
      watch: { ...settled, pause: begun },
      change: { status: 'paused', reason: state, key: `paused-${keyOf(qemu)}-${begun.mark}` },
    }
  }
  const awake = { ...settled, pause: undefined, stillSinceMs: nowMs, askFromMs: nowMs + restMs }
  if (pause === undefined) return { watch: awake, change: undefined }
  const isRunning = state === 'running'
  return {
    watch: { ...awake, askFromMs: nowMs },
    change: isRunning
      ? { status: 'resumed', reason: undefined, key: `resumed-${keyOf(qemu)}-${pause.mark}` }
      : undefined,
  }
}

function sumOf(times: ThreadTimes): string {
  let sum = 0n
  for (const time of times.values()) sum += BigInt(time)
  return sum.toString()
}
