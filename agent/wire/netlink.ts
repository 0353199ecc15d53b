/**
 * Messages to and from the kernel (linux/netlink.h). Numbers are in the order of the host, which typed arrays have as well.
 *
 *     | length (4) | type (2) | flags (2) | sequence (4) | port (4) | body, attributes … |
 *     attribute: | length (2) | type (2) | value … | up to 3 zero bytes |
 */

/** `NLM_F_…`. */
export const netlinkFlags = {
  request: 0x1,
  acknowledge: 0x4,
  exclusive: 0x200,
  replace: 0x100,
  dump: 0x300,
  create: 0x400,
  append: 0x800,
} as const

/** One message of an answer. */
export interface NetlinkMessage {
  readonly type: number
  /** What follows the header. */
  readonly body: Uint8Array
}

const headerBytes = 16

/** Above are NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
const typeMask = 0x3fff

/** A message to the kernel. */
export function netlinkMessage({
  type,
  flags,
  parts,
}: {
  readonly type: number
  readonly flags: number
  /** The fixed part, then attributes; each whole words. */
  readonly parts: readonly Uint8Array[]
}): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, headerBytes)
  const header = [bytes32(length), bytes16(type), bytes16(flags), bytes32(1), bytes32(0)]
  return joinBytes([...header, ...parts])
}

/** An attribute, filled up to whole words. */
export function attribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(aligned(4 + value.length))
  bytes.set(bytes16(4 + value.length))
  bytes.set(bytes16(type), 2)
  bytes.set(value, 4)
  return bytes
}

/** The messages of an answer, in order. */
export function netlinkMessages(bytes: Uint8Array): readonly NetlinkMessage[] {
  const messages: NetlinkMessage[] = []
  for (let at = 0; at + headerBytes <= bytes.length; ) {
    const length = hostNumber(bytes.subarray(at, at + 4))
    if (length < headerBytes) break
    const type = hostNumber(bytes.subarray(at + 4, at + 6))
    messages.push({ type, body: bytes.subarray(at + headerBytes, at + length) })
    at += aligned(length)
  }
  return messages
}

/** The attributes of a body after its fixed part, by type. */
export function attributesOf(
  body: Uint8Array,
  fixedBytes: number,
): ReadonlyMap<number, Uint8Array> {
  const attributes = new Map<number, Uint8Array>()
  for (let at = fixedBytes; at + 4 <= body.length; ) {
    const length = hostNumber(body.subarray(at, at + 2))
    if (length < 4) break
    attributes.set(hostNumber(body.subarray(at + 2, at + 4)), body.subarray(at + 4, at + length))
    at += aligned(length)
  }
  return attributes
}

/** What follows the fixed part of a body, but for attributes of some types. */
export function withoutAttributes(
  body: Uint8Array,
  fixedBytes: number,
  types: ReadonlySet<number>,
): Uint8Array {
  const parts: Uint8Array[] = []
  for (let at = fixedBytes; at + 4 <= body.length; ) {
    const length = hostNumber(body.subarray(at, at + 2))
    if (length < 4) break
    const type = hostNumber(body.subarray(at + 2, at + 4)) & typeMask
    const next = at + aligned(length)
    if (!types.has(type)) parts.push(body.subarray(at, next))
    at = next
  }
  return joinBytes(parts)
}

/** A number of one, two or four bytes. */
export function hostNumber(bytes: Uint8Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes
  if (bytes.length < 4) return isLittleEndian ? a | (b << 8) : bytes.length < 2 ? a : (a << 8) | b
  return (
    (isLittleEndian
      ? a | (b << 8) | (c << 16) | (d << 24)
      : (a << 24) | (b << 16) | (c << 8) | d) >>> 0
  )
}

/** Two bytes. */
export function bytes16(value: number): Uint8Array {
  return new Uint8Array(Uint16Array.of(value).buffer)
}

/** Four bytes. */
export function bytes32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer)
}

/** Bytes one after the other. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** A text with the zero byte that ends it; ASCII. */
export function bytesOfText(text: string): Uint8Array {
  return Uint8Array.from([...text, '\0'], (character) => character.charCodeAt(0))
}

const isLittleEndian = bytes16(1)[0] === 1

function aligned(length: number): number {
  return (length + 3) & ~3
}
