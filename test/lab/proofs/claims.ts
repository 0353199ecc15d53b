/** What a proof says, a line for each claim: `ok …` or `not ok …`. */
export interface Claims {
  readonly claim: (what: string, got: unknown, want: unknown) => void
  readonly failureCount: () => number
}

/** Claims of which none was made yet. */
export function createClaims(): Claims {
  let failures = 0
  return {
    claim(what, got, want) {
      const isTrue = JSON.stringify(got) === JSON.stringify(want)
      if (!isTrue) failures++
      const detail = isTrue ? '' : `: got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`
      process.stdout.write(`${isTrue ? 'ok' : 'not ok'} ${what}${detail}\n`)
    },
    failureCount: () => failures,
  }
}
