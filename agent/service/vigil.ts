/** Notices work that should have ended long ago: a loop that turns is no proof that anything gets done. */
export interface Vigil {
  /** Does a piece of work that ends by itself, well or badly, within the vigil's limit; waiting for others is no such work. */
  during<T>(what: string, work: () => Promise<T>): Promise<T>
  /** Adds a question that is asked at each look: what hangs, undefined when nothing does. */
  ask(question: () => string | undefined): void
  /** What hangs now, with how long it has; undefined when nothing does. */
  hanging(): string | undefined
}

/** A vigil over work that may take `limitMs`; 0 for one that never finds anything. */
export function createVigil(limitMs: number, nowMs = () => performance.now()): Vigil {
  const works = new Map<symbol, { readonly what: string; readonly sinceMs: number }>()
  const questions: (() => string | undefined)[] = []
  return {
    async during(what, work) {
      const key = Symbol(what)
      works.set(key, { what, sinceMs: nowMs() })
      try {
        return await work()
      } finally {
        works.delete(key)
      }
    },
    ask: (question) => questions.push(question),
    hanging() {
      if (limitMs <= 0) return undefined
      for (const { what, sinceMs } of works.values()) {
        const forMs = nowMs() - sinceMs
        if (forMs > limitMs) return `${what} for ${Math.round(forMs / 1000)} s`
      }
      for (const question of questions) {
        const answer = question()
        if (answer !== undefined) return answer
      }
      return undefined
    },
  }
}

/** What of a progress is looked at. */
export interface ProgressLook {
  /** Whether there is anything to do, and nobody else who has to do something first. */
  readonly isDue: boolean
  /** Changes with each step. */
  readonly mark: number
}

/**
 * A question for {@link Vigil.ask}: has something been due for `limitMs` without one step? `disturbed` begins the time anew.
 */
export function createProgressCheck(
  what: string,
  {
    limitMs,
    look,
    nowMs = () => performance.now(),
  }: { readonly limitMs: number; readonly look: () => ProgressLook; readonly nowMs?: () => number },
): { readonly question: () => string | undefined; disturbed(): void } {
  let mark: number | undefined
  let sinceMs = nowMs()
  const disturbed = () => {
    sinceMs = nowMs()
  }
  return {
    disturbed,
    question() {
      const now = look()
      if (!now.isDue || now.mark !== mark) disturbed()
      mark = now.mark
      const forMs = nowMs() - sinceMs
      return forMs > limitMs ? `${what} for ${Math.round(forMs / 1000)} s` : undefined
    },
  }
}
