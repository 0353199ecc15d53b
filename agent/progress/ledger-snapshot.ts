import type { Ranges } from './id-set.js'

type Told = Readonly<Record<string, readonly string[]>>

/** A ledger as JSON. */
export interface LedgerSnapshot {
  readonly done: Ranges
  readonly open: Told
  /** What the last finished jobs told, oldest first, by number and so in no order of JSON objects: `[id, keys]`. */
  readonly recent?: readonly (readonly [number, readonly string[]])[]
  readonly held?: Ranges
  readonly settled?: Ranges
  readonly missing?: Ranges
  readonly floor?: number
}

/** Reads what {@link Ledger.snapshot} gave, from parsed JSON; undefined when it is something else. */
export function parseLedgerSnapshot(value: unknown): LedgerSnapshot | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const {
    done,
    open,
    held = [],
    settled = [],
    missing = [],
    recent = [],
    floor = 0,
  } = value as Partial<Record<string, unknown>>
  if (!isRanges(done) || !isRanges(held) || !isRanges(settled) || !isRanges(missing))
    return undefined
  if (!isRecent(recent)) return undefined
  if (typeof open !== 'object' || open === null || typeof floor !== 'number') return undefined
  const entries: [string, readonly string[]][] = []
  for (const [id, keys] of Object.entries(open)) {
    if (!isTexts(keys)) return undefined
    entries.push([id, keys])
  }
  return { done, held, settled, missing, recent, floor, open: Object.fromEntries(entries) }
}

function isRanges(value: unknown): value is [number, number][] {
  return Array.isArray(value) && value.every(isRange)
}

function isRange(value: unknown): value is [number, number] {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    value.every((id) => Number.isSafeInteger(id) && id > 0)
  )
}

function isRecent(value: unknown): value is [number, string[]][] {
  return (
    Array.isArray(value) &&
    value.every((one) => Array.isArray(one) && Number.isSafeInteger(one[0]) && isTexts(one[1]))
  )
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
