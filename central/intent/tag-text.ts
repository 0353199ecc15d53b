/**
 * A tenant's text as a tag that Ganeti can bear, `café` as `caf/C3/A9`: percent encoding as forms have it, colons kept, then
 * `/` for `%` and `*` for `_` (Synnefo's, so that tags of its installations stay readable).
 */
export function encodeTagText(text: string): string {
  let encoded = ''
  for (const byte of utf8.encode(text)) {
    const character = String.fromCharCode(byte)
    if (/[A-Za-z0-9.:-]/.test(character)) encoded += character
    else if (character === '_') encoded += '*'
    else if (character === ' ') encoded += '+'
    else encoded += `/${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}

/** What {@link encodeTagText} was given; undefined for tags that it cannot have made, or that hold `/` or `,` when decoded. */
export function decodeTagText(tag: string): string | undefined {
  const bytes: number[] = []
  for (const [piece] of tag.matchAll(/\/[0-9A-Fa-f]{2}|[\s\S]/gu)) {
    if (piece.length === 3) bytes.push(Number.parseInt(piece.slice(1), 16))
    else if (piece === '+') bytes.push(0x20)
    else if (piece === '*') bytes.push(0x5f)
    else if (/[A-Za-z0-9.:-]/.test(piece)) bytes.push(piece.charCodeAt(0))
    else return undefined
  }
  try {
    const text = strictUtf8.decode(Uint8Array.from(bytes))
    return /[/,]/.test(text) ? undefined : text
  } catch {
    return undefined
  }
}

const utf8 = new TextEncoder()

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
