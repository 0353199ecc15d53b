import type { Pause } from './pauses.js'

/** A QEMU that ran, by what no other process of this boot shares. */
export interface KnownQemu {
  readonly instance: string
  readonly pid: number
  /** When it started, in clock ticks since boot (proc(5), stat field 22). */
  readonly startTicks: number
}

/** Why a QEMU is gone, as far as a node can tell: a QEMU that is gone cannot be asked. */
export type ExitReason =
  /** Ganeti has removed its files: a job stopped it, or moved it away. */
  | 'stopped'
  /** Its files are still there: the guest switched itself off, or QEMU crashed or was killed. */
  | 'by-itself'
  /** The node has booted since. */
  | 'node-reboot'

/** What has become of the QEMUs of a node. */
export interface InstanceChanges {
  readonly started: readonly KnownQemu[]
  readonly exited: readonly KnownQemu[]
}

/** Compares what ran with what runs. An instance whose QEMU is another one has exited and started. */
export function instanceChanges(
  before: readonly KnownQemu[],
  now: readonly KnownQemu[],
): InstanceChanges {
  const known = new Set(before.map(keyOf))
  const running = new Set(now.map(keyOf))
  return {
    started: now.filter((qemu) => !known.has(keyOf(qemu))),
    exited: before.filter((qemu) => !running.has(keyOf(qemu))),
  }
}

/** What tells a QEMU from all others of this boot; letters, digits and dashes. */
export function keyOf({ pid, startTicks }: KnownQemu): string {
  return `${pid}-${startTicks}`
}

/** What is kept on disk. */
export interface KeptInstances {
  readonly bootId: string
  readonly running: readonly KnownQemu[]
  /** Guests that are paused, by {@link keyOf} their QEMU. */
  readonly paused: Readonly<Record<string, Pause>>
}

/** Reads what was kept; undefined when it is nothing of ours. Never throws. */
export function parseKeptInstances(value: unknown): KeptInstances | undefined {
  if (!isRecord(value)) return undefined
  const { bootId, running, paused } = value
  if (typeof bootId !== 'string' || !/^[0-9a-f-]{36}$/.test(bootId)) return undefined
  if (!Array.isArray(running)) return undefined
  return {
    bootId,
    running: running.filter(
      (entry: unknown): entry is KnownQemu =>
        isRecord(entry) &&
        typeof entry['instance'] === 'string' &&
        Number.isSafeInteger(entry['pid']) &&
        Number.isSafeInteger(entry['startTicks']),
    ),
    paused: Object.fromEntries(
      Object.entries(isRecord(paused) ? paused : {}).flatMap(([key, pause]) =>
        isPause(pause) ? [[key, pause]] : [],
      ),
    ),
  }
}

function isPause(value: unknown): value is Pause {
  return (
    isRecord(value) && typeof value['reason'] === 'string' && /^\d+$/.test(String(value['mark']))
  )
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
