import type { NetFact } from '#event/net-fact.js'
import { type HookedOp, isNetOpcode, opOfHook } from './hooked-op.js'
import type { ToldOp } from './net-event.js'

/** What a hook told, under the name of its file. */
export interface HeldFact {
  readonly name: string
  readonly fact: NetFact
}

/** What can be told now: with the op that it belongs to, or without when it has waited long enough. */
export interface DueFact extends HeldFact {
  readonly op: ToldOp | undefined
}

/** An op that has succeeded and of whose hook nothing came. */
export interface UnheardOp extends ToldOp {
  readonly opcode: string
  readonly instance: string
}

/**
 * Brings what hooks tell together with the ops that ran them. A hook runs before its op has succeeded, and the job file tells of that only
 * then; of either nobody knows which arrives first. All times are of one clock that never goes back, in milliseconds.
 */
export interface NetMatcher {
  hold(held: HeldFact, nowMs: number): void
  holds(name: string): boolean
  /** The ops of these versions of jobs; what came of one by its hook is not expected any more. */
  learn(ops: readonly HookedOp[], nowMs: number): void
  /** What can be told, in the order of the hooks; of an instance nothing that is later than what still waits. */
  due(nowMs: number): readonly DueFact[]
  /** These were told, or are not to be told: they are forgotten. */
  done(facts: readonly DueFact[]): void
  /** Everything that was held when this one was, or before: for a node that is not the master. */
  heldSince(beforeMs: number): readonly HeldFact[]
  /** When the oldest of the hooks ran whose op is not known: Unix time. */
  oldestUnknownMs(): number | undefined
  /** Ops of which nothing came, each once. */
  unheard(nowMs: number): readonly UnheardOp[]
  /** These were given out and could not be told: they come again, after {@link againMs}. */
  expect(ops: readonly UnheardOp[], nowMs: number): void
}

/** How long one waits for the other. */
export const matchPatienceMs = 30_000

/** How long an op waits that could not be told of. */
export const againMs = 10_000

/** Ops that are remembered, told or not: those of some minutes under load. */
const maxOps = 8192

interface Waiting extends HeldFact {
  readonly sinceMs: number
}

/** A matcher that knows nothing yet. */
export function createNetMatcher(): NetMatcher {
  const waiting = new Map<string, Waiting>()
  const ops = new Map<string, HookedOp>()
  const byLabel = new Map<string, Set<string>>()
  const expected = new Map<string, { readonly op: HookedOp; readonly sinceMs: number }>()
  const told = new Set<string>()

  function forgetOldest(): void {
    const [oldest] = ops
    if (ops.size <= maxOps || oldest === undefined) return
    const [key, { name }] = oldest
    ops.delete(key)
    told.delete(key)
    expected.delete(key)
    const keys = byLabel.get(labelOf(name))
    keys?.delete(key)
    if (keys?.size === 0) byLabel.delete(labelOf(name))
  }

  function opOf({ nameBefore, opcode, timeMs }: NetFact): HookedOp | undefined {
    const keys = byLabel.get(labelOf(nameBefore)) ?? []
    const candidates = [...keys].flatMap((key) => ops.get(key) ?? [])
    return opOfHook(candidates, { nameBefore, opcode, timeMs })
  }

  function settle(op: ToldOp): void {
    told.add(keyOf(op))
    expected.delete(keyOf(op))
  }

  return {
    hold(held, nowMs) {
      waiting.set(held.name, { ...held, sinceMs: nowMs })
    },
    holds: (name) => waiting.has(name),
    learn(learned, nowMs) {
      for (const op of learned) {
        if (!isNetOpcode(op.opcode)) continue
        const key = keyOf(op)
        const label = labelOf(op.name)
        byLabel.set(label, (byLabel.get(label) ?? new Set()).add(key))
        ops.delete(key)
        ops.set(key, op)
        if (op.success !== undefined && !told.has(key) && !expected.has(key))
          expected.set(key, { op, sinceMs: nowMs })
        forgetOldest()
      }
    },
    due(nowMs) {
      const blocked = new Set<string>()
      return [...waiting.values()].flatMap(({ name, fact, sinceMs }): readonly DueFact[] => {
        const instances = [fact.nameBefore, fact.instance]
        const isBlocked = instances.some((instance) => blocked.has(instance))
        const op = isBlocked ? undefined : opOf(fact)
        if (!isBlocked && op?.success !== undefined)
          return [{ name, fact, op: { ...toldOp(op), key: op.success.key } }]
        if (!isBlocked && nowMs - sinceMs >= matchPatienceMs) return [{ name, fact, op: undefined }]
        for (const instance of instances) blocked.add(instance)
        return []
      })
    },
    done(facts) {
      for (const { name, op } of facts) {
        waiting.delete(name)
        if (op !== undefined) settle(op)
      }
    },
    heldSince: (beforeMs) => [...waiting.values()].filter(({ sinceMs }) => sinceMs <= beforeMs),
    oldestUnknownMs() {
      const times = [...waiting.values()].filter(({ fact }) => opOf(fact) === undefined)
      return times.length === 0 ? undefined : Math.min(...times.map(({ fact }) => fact.timeMs))
    },
    unheard(nowMs) {
      const due = [...expected.values()].filter(({ sinceMs }) => nowMs - sinceMs >= matchPatienceMs)
      return due.flatMap(({ op }) => {
        settle({ ...toldOp(op), key: op.success?.key ?? '' })
        if (op.success === undefined) return []
        const { opcode, nameAfter: instance } = op
        return [{ ...toldOp(op), key: op.success.key, opcode, instance }]
      })
    },
    expect(unheard, nowMs) {
      for (const key of unheard.map(keyOf)) {
        const op = ops.get(key)
        if (op === undefined) continue
        told.delete(key)
        expected.set(key, { op, sinceMs: nowMs + againMs - matchPatienceMs })
      }
    },
  }
}

function toldOp({ jobId, opIndex }: HookedOp): Omit<ToldOp, 'key'> {
  return { jobId, opIndex }
}

function keyOf({ jobId, opIndex }: Omit<ToldOp, 'key'>): string {
  return `${jobId}.${opIndex}`
}

/** Jobs may name an instance by its first label alone. */
function labelOf(name: string): string {
  return name.split('.', 1)[0] ?? ''
}
