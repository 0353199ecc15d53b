import { ipv4Bytes, parseIpv4 } from './ipv4.js'

declare const ipv6Brand: unique symbol

/** An IPv6 address in its canonical text form (RFC 5952). */
export type Ipv6 = string & { readonly [ipv6Brand]: true }

/**
 * The address that a text names, in any form that RFC 4291 §2.2 allows; without zone or prefix length.
 */
export function parseIpv6(text: string): Ipv6 | undefined {
  const groups = parseGroups(text)
  return groups === undefined ? undefined : formatGroups(groups)
}

/** The sixteen bytes of an address, most significant first. */
export function ipv6Bytes(address: Ipv6): Uint8Array {
  const bytes = new Uint8Array(16)
  for (const [index, group] of (parseGroups(address) ?? []).entries()) {
    bytes[index * 2] = group >> 8
    bytes[index * 2 + 1] = group & 0xff
  }
  return bytes
}

/** The address of sixteen bytes. @param at where they begin */
export function ipv6OfBytes(bytes: Uint8Array, at = 0): Ipv6 {
  return formatGroups(
    Array.from(
      { length: 8 },
      (_, group) => ((bytes[at + group * 2] ?? 0) << 8) | (bytes[at + group * 2 + 1] ?? 0),
    ),
  )
}

/** Eight groups of 16 bits, or undefined. */
function parseGroups(text: string): readonly number[] | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map(parseHalf)
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined
  if (tail === undefined) return head.length === 8 ? head : undefined
  const missing = 8 - head.length - tail.length
  return missing < 1 ? undefined : [...head, ...new Array<number>(missing).fill(0), ...tail]
}

function parseHalf(half: string): readonly number[] | undefined {
  if (half === '') return []
  const words = half.split(':')
  const groups: number[] = []
  for (const [index, word] of words.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(word)) groups.push(Number.parseInt(word, 16))
    else {
      const dotted = index === words.length - 1 ? parseIpv4(word) : undefined
      if (dotted === undefined) return undefined
      const [a = 0, b = 0, c = 0, d = 0] = ipv4Bytes(dotted)
      groups.push(a * 256 + b, c * 256 + d)
    }
  }
  return groups
}

/** Lower case, no leading zeros, the longest run of two or more zero groups (the first of equals) as `::` (RFC 5952 §4). */
function formatGroups(groups: readonly number[]): Ipv6 {
  let runStart = -1
  let runLength = 1
  for (let from = 0; from < 8; from++) {
    let to = from
    while (to < 8 && groups[to] === 0) to++
    if (to - from > runLength) {
      runStart = from
      runLength = to - from
    }
  }
  const hex = groups.map((group) => group.toString(16))
  const text =
    runStart < 0
      ? hex.join(':')
      : `${hex.slice(0, runStart).join(':')}::${hex.slice(runStart + runLength).join(':')}`
  return text as Ipv6
}
