import { backoffMs } from '#backoff.js'

/** Which taps could not be mended lately: they are tried again, ever less often, so that whoever fights us keeps no processor busy. */
export interface Patience {
  isDue(tap: string): boolean
  /** How it went; in how many milliseconds it is due again when it failed. */
  note(tap: string, isGood: boolean): number | undefined
}

/** Nobody has failed yet. */
export function createPatience(policy: Parameters<typeof backoffMs>[0]): Patience {
  const failures = new Map<string, { readonly count: number; readonly notBeforeMs: number }>()
  return {
    isDue: (tap) => (failures.get(tap)?.notBeforeMs ?? 0) <= performance.now(),
    note(tap, isGood) {
      const count = (failures.get(tap)?.count ?? 0) + 1
      failures.delete(tap)
      if (isGood) return undefined
      const waitMs = backoffMs(policy, count - 1, Math.random())
      failures.set(tap, { count, notBeforeMs: performance.now() + waitMs })
      return waitMs
    },
  }
}

/** Tells what is wrong when it is seen a second time: NICs come and go while a pass looks at them. */
export interface SecondLook {
  /** @returns what was there at the last look already and was not told yet, and whether something else has to be looked at again */
  see(problems: readonly string[]): {
    readonly confirmed: readonly string[]
    readonly isOpen: boolean
  }
}

/** Nothing was seen yet. */
export function createSecondLook(): SecondLook {
  let seen: readonly string[] = []
  let told: readonly string[] = []
  return {
    see(problems) {
      const again = problems.filter((problem) => seen.includes(problem))
      const confirmed = again.filter((problem) => !told.includes(problem))
      seen = problems
      told = again
      return { confirmed, isOpen: again.length < problems.length }
    },
  }
}
