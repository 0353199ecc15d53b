import { dhcpOption } from './codes.js'
import { dhcpFieldAt, dhcpSize } from './layout.js'

/** One option: its value whole, however many pieces it came in. */
export interface Dhcpv4Option {
  /** 1 to 254. */
  readonly code: number
  readonly value: Uint8Array
}

/** The options of a message, and which of its fields were taken for options (RFC 2132 §9.3). */
export interface OptionList {
  readonly options: readonly Dhcpv4Option[]
  readonly isFileOverloaded: boolean
  readonly isSnameOverloaded: boolean
}

/**
 * The options of the message at `at`, whose magic cookie was seen: those of the options field, then of `file`, then of
 * `sname` where option 52 says so. Pieces of an option that was split are put together again in this order (RFC 3396 §7).
 * Option 52 itself is not among them.
 * @param end where the message ends
 * @returns undefined when an option runs past the end of its field, or option 52 says nothing that it may
 */
export function decodeOptionList(
  bytes: Uint8Array,
  at: number,
  end: number,
): OptionList | undefined {
  const own = readArea(bytes, at + dhcpFieldAt.options, end)
  const overload = own && overloadOf(own)
  if (own === undefined || overload === undefined) return undefined
  const isFileOverloaded = (overload & 1) !== 0
  const isSnameOverloaded = (overload & 2) !== 0
  const { file, sname } = dhcpFieldAt
  const ofFile = isFileOverloaded ? readArea(bytes, at + file, at + file + dhcpSize.file) : []
  const ofSname = isSnameOverloaded ? readArea(bytes, at + sname, at + sname + dhcpSize.sname) : []
  if (ofFile === undefined || ofSname === undefined) return undefined
  const options = joinPieces([...own, ...ofFile, ...ofSname])
  return { options, isFileOverloaded, isSnameOverloaded }
}

/** The pieces in one field, up to its end mark or its end. */
function readArea(
  bytes: Uint8Array,
  from: number,
  end: number,
): readonly Dhcpv4Option[] | undefined {
  const pieces: Dhcpv4Option[] = []
  let at = from
  while (at < end) {
    const code = bytes[at] ?? dhcpOption.end
    if (code === dhcpOption.end) return pieces
    if (code === dhcpOption.pad) at++
    else {
      if (at + 2 > end) return undefined
      const valueAt = at + 2
      at = valueAt + (bytes[at + 1] ?? 0)
      if (at > end) return undefined
      pieces.push({ code, value: bytes.slice(valueAt, at) })
    }
  }
  return pieces
}

/** The value of option 52, 0 for none; undefined for one that means nothing. */
function overloadOf(pieces: readonly Dhcpv4Option[]): number | undefined {
  const [first, ...more] = pieces.filter(({ code }) => code === dhcpOption.overload)
  if (first === undefined) return 0
  const [overload = 0] = first.value
  const isSound = more.length === 0 && first.value.length === 1 && overload >= 1 && overload <= 3
  return isSound ? overload : undefined
}

/** Options in the order of their first pieces; each is put together once, however many pieces a hostile client makes. */
function joinPieces(pieces: readonly Dhcpv4Option[]): readonly Dhcpv4Option[] {
  const byCode = new Map<number, Uint8Array[]>()
  for (const { code, value } of pieces) {
    const values = byCode.get(code)
    if (values === undefined) byCode.set(code, [value])
    else values.push(value)
  }
  byCode.delete(dhcpOption.overload)
  return Array.from(byCode, ([code, values]) => ({ code, value: joinBytes(values) }))
}

function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}
