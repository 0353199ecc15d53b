import { writeSync } from 'node:fs'

/** Places on a fact's way from the job file to the broker at which the agent of the fault matrix can die, in their order. */
export const crashPoints = [
  /** A segment has its file, which has no name on disk yet. */
  'segment-made',
  /** The segment's name is on disk. */
  'segment-named',
  /** Half of a batch's bytes are written. */
  'append-torn',
  /** All of them are written, none is synced. */
  'append-written',
  /** The batch is on disk; nobody was told. */
  'append-synced',
  /** The ledger's temporary file is written, not synced. */
  'ledger-written',
  /** It is synced, and the old ledger still has the name. */
  'ledger-synced',
  /** The new ledger has the name, which is not on disk yet. */
  'ledger-renamed',
  /** A message is about to be handed to the broker's connection. */
  'publish',
  /** It is handed over. */
  'sent',
  /** The broker confirmed it; the outbox does not know. */
  'confirmed',
  /** The outbox knows; the cursor on disk does not. */
  'acked',
  /** The cursor's temporary file is written. */
  'cursor-written',
  /** The new cursor has the name. */
  'cursor-renamed',
] as const

/** One of {@link crashPoints}. */
export type CrashPoint = (typeof crashPoints)[number]

/** Ends this process at one of the points. */
export interface Fuse {
  /** The point is passed: the process dies by SIGKILL, within this call, when it is the one that was asked for. */
  readonly passes: (point: CrashPoint) => void
  /** Whether the next passing of this point is the last. */
  readonly isLast: (point: CrashPoint) => boolean
}

/** Where to die: at the n-th passing of a point. */
export interface CrashPlan {
  readonly point: CrashPoint
  readonly passing: number
}

/** A fuse for a plan; without one it never burns. What it says before it kills is how the matrix knows that it was there. */
export function createFuse(plan: CrashPlan | undefined): Fuse {
  let passed = 0
  return {
    passes(point) {
      if (point !== plan?.point || ++passed !== plan.passing) return
      writeSync(2, `crash-point ${point}\n`)
      process.kill(process.pid, 'SIGKILL')
    },
    isLast: (point) => point === plan?.point && passed + 1 === plan.passing,
  }
}

/** Reads `point:passing`; undefined for anything else. */
export function parseCrashPlan(text: string | undefined): CrashPlan | undefined {
  const [name, passing] = (text ?? '').split(':')
  const point = crashPoints.find((one) => one === name)
  return point === undefined ? undefined : { point, passing: Number(passing) }
}
