/** Attempts that may fail in a window of time. */
export interface LoginLimitOptions {
  readonly windowMs: number
  /** From one address, whatever the name. */
  readonly perAddress: number
  /** Of one name, from all addresses but those from which it came in lately. */
  readonly perName: number
  /** Passwords that are tried at the same time: each costs memory and a processor. */
  readonly atOnce: number
}

/** Keeps guessing slow. Only failures count, and whoever came in lately is not locked out by others who guess at the name. */
export interface LoginLimit {
  /**
   * Begins an attempt.
   * @returns seconds after which to come again when it is refused, else the function that ends it
   */
  begin(attempt: LoginAttempt): number | ((end: { readonly isGood: boolean }) => void)
}

/** Who tries. */
export interface LoginAttempt {
  readonly name: string
  readonly address: string
  readonly nowMs: number
}

/** Names and addresses that are remembered; the oldest are forgotten first. */
const maxRemembered = 20_000

interface Window {
  readonly endMs: number
  count: number
}

/** A limit of its own memory. */
export function createLoginLimit(options: LoginLimitOptions): LoginLimit {
  const windows = new Map<string, Window>()
  const familiar = new Set<string>()
  let running = 0

  function windowOf(key: string, nowMs: number): Window {
    const known = windows.get(key)
    if (known !== undefined && known.endMs > nowMs) return known
    windows.delete(key)
    if (windows.size >= maxRemembered) forgetOldest(windows)
    const made = { endMs: nowMs + options.windowMs, count: 0 }
    windows.set(key, made)
    return made
  }

  return {
    begin({ name, address, nowMs }) {
      const ofAddress = windowOf(`a ${address}`, nowMs)
      const ofName = windowOf(`n ${name}`, nowMs)
      const pair = `${address} ${name}`
      const isFamiliar = familiar.has(pair)
      const isNameFull = !isFamiliar && ofName.count >= options.perName
      const full =
        ofAddress.count >= options.perAddress ? ofAddress : isNameFull ? ofName : undefined
      if (full !== undefined) return Math.max(1, Math.ceil((full.endMs - nowMs) / 1000))
      if (running >= options.atOnce) return 1
      running += 1
      // counted before it is known, so that many at once are as many as one after the other
      ofAddress.count += 1
      ofName.count += 1
      return ({ isGood }) => {
        running -= 1
        if (!isGood) return
        ofAddress.count -= 1
        ofName.count -= 1
        familiar.delete(pair)
        if (familiar.size >= maxRemembered) forgetOldest(familiar)
        familiar.add(pair)
      }
    },
  }
}

function forgetOldest(all: Map<string, unknown> | Set<string>): void {
  const [oldest] = all.keys()
  if (oldest !== undefined) all.delete(oldest)
}
