import type { Scope } from './repair-pass.js'

/** When which pass is due; times are of the monotonic clock, in milliseconds. */
export interface RepairSchedule {
  /** A pass is wanted at that time at the latest. */
  ask(scope: Scope, atMs: number): void
  /** What is due now, `all` not before lost rules are back; then it is due no more, nor is what it covers. */
  take(nowMs: number, isLost: boolean): Scope | undefined
  /** When the next pass is due. */
  nextMs(): number
}

/** A pass over all is due at once. */
export function createRepairSchedule(): RepairSchedule {
  const due = { rules: Number.POSITIVE_INFINITY, all: 0 }
  return {
    ask: (scope, atMs) => {
      due[scope] = Math.min(due[scope], atMs)
    },
    take(nowMs, isLost) {
      const isAll = due.all <= nowMs && (!isLost || due.rules > nowMs)
      if (!isAll && due.rules > nowMs) return undefined
      due.rules = Number.POSITIVE_INFINITY
      if (isAll) due.all = Number.POSITIVE_INFINITY
      return isAll ? 'all' : 'rules'
    },
    nextMs: () => Math.min(due.rules, due.all),
  }
}
