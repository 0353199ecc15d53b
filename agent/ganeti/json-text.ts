import type { JsonValue } from './json-value.js'

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const shortBytes = 96

/**
 * The text of a JSON string's raw bytes (between the quotes, escapes not yet resolved).
 *
 * Bytes that are not UTF-8 are read as ISO 8859-1: luxid in some locales writes one byte per character
 * (`src/Ganeti/Utils/Atomic.hs` opens job files as binary). Never throws.
 */
export function decodeStringBytes(bytes: Uint8Array, hasEscape: boolean): string {
  const raw = decodeText(bytes)
  return hasEscape
    ? raw.replace(/\\(u[0-9a-fA-F]{4}|[\s\S])/g, (_, code: string) => resolveEscape(code))
    : raw
}

function decodeText(bytes: Uint8Array): string {
  if (bytes.length <= shortBytes && isAscii(bytes)) return String.fromCharCode(...bytes)
  try {
    return strictUtf8.decode(bytes)
  } catch {
    let text = ''
    for (let i = 0; i < bytes.length; i += 4096)
      text += String.fromCharCode(...bytes.subarray(i, i + 4096))
    return text
  }
}

function isAscii(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte > 0x7f) return false
  return true
}

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

function resolveEscape(code: string): string {
  return code.length === 5
    ? String.fromCharCode(Number.parseInt(code.slice(1), 16))
    : (escapes[code] ?? code)
}

/**
 * The value of a JSON number or bare word, or undefined when it is neither.
 *
 * Integers that a double cannot hold become bigint. `NaN` and the infinities, which Python's writer can produce,
 * are null: JSON has no word for them.
 */
export function parseScalar(text: string): JsonValue | undefined {
  switch (text) {
    case 'null':
    case 'NaN':
    case 'Infinity':
    case '-Infinity':
      return null
    case 'true':
      return true
    case 'false':
      return false
    default:
      return parseNumber(text)
  }
}

function parseNumber(text: string): number | bigint | null | undefined {
  if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) return undefined
  const value = Number(text)
  if (Number.isSafeInteger(value)) return value
  if (/^-?\d+$/.test(text)) return BigInt(text)
  return Number.isFinite(value) ? value : null
}
