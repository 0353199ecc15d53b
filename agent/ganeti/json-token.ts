/** Collects the bytes of a string or bare word that may span several slices. */
export interface TokenBuffer {
  /** Begins a token; with `isKept` false its bytes are passed over. */
  start(isKept: boolean): void
  keep(slice: Uint8Array, from: number, to: number): void
  /** The token's bytes, or undefined when there were more than the cap. */
  bytes(): Uint8Array | undefined
  readonly isKept: boolean
}

/** A buffer that holds at most about `maxBytes` of a token. */
export function createTokenBuffer(maxBytes: number): TokenBuffer {
  let parts: Uint8Array[] = []
  let partsBytes = 0
  let isKept = false
  return {
    get isKept() {
      return isKept
    },
    start(keepIt) {
      isKept = keepIt
      parts = []
      partsBytes = 0
    },
    keep(slice, from, to) {
      if (!isKept || from >= to || partsBytes > maxBytes) return
      parts.push(slice.slice(from, to))
      partsBytes += to - from
    },
    bytes() {
      return partsBytes > maxBytes ? undefined : concat(parts, partsBytes)
    },
  }
}

function concat(parts: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const only = parts[0]
  if (parts.length === 1 && only !== undefined) return only
  const whole = new Uint8Array(sizeBytes)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Bytes with a meaning in JSON's structure (RFC 8259 §2). */
export const byteOf = {
  quote: 0x22,
  comma: 0x2c,
  colon: 0x3a,
  openArray: 0x5b,
  backslash: 0x5c,
  closeArray: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const

/** Space, tab, line feed, carriage return. */
export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** True for a byte that cannot be part of a number or bare word. */
export function endsWord(byte: number): boolean {
  switch (byte) {
    case byteOf.quote:
    case byteOf.comma:
    case byteOf.colon:
    case byteOf.openArray:
    case byteOf.closeArray:
    case byteOf.openObject:
    case byteOf.closeObject:
      return true
    default:
      return isSpace(byte)
  }
}
