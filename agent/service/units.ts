import { err, ok, type Result } from '#result.js'

/** A length of time from a configuration. */
export interface Duration {
  readonly ms: number
}

/** An amount of memory or disk from a configuration. */
export interface Size {
  readonly bytes: number
}

const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

const sizeUnits: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 }

/** Reads `500ms`, `10s`, `5m`, `1h` or `7d`; a number without unit is refused, because nobody can tell what it means. */
export function parseDuration(text: string): Result<Duration, string> {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/.exec(text) ?? []
  if (digits === undefined) return err('wants a number with a unit: 500ms, 10s, 5m, 1h or 7d')
  return ok({ ms: Math.round(Number(digits) * (durationUnits[unit] ?? 1)) })
}

/** Reads `65536`, `64K`, `8M` or `1G` (powers of 1024). */
export function parseSize(text: string): Result<Size, string> {
  const [, digits, unit = ''] = /^(\d+)\s*([KMG]?)$/.exec(text) ?? []
  if (digits === undefined) return err('wants a number of bytes, or one with K, M or G: 8M')
  return ok({ bytes: Number(digits) * (sizeUnits[unit] ?? 1) })
}
