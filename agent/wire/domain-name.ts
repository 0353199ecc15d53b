/**
 * Domain names on the wire (RFC 1035 §3.1): labels of 1 to 63 bytes, each after its length, and a zero at the end.
 *
 * As text they are written as in master files (RFC 1035 §5.1): labels with dots between, no dot at the end, `.` for the
 * root; a dot or backslash within a label as `\.` and `\\`, any byte that is not printable ASCII as `\ddd`.
 */

/** Longest name, length bytes and the final zero included (RFC 1035 §2.3.4). */
const maxNameBytes = 255

/** Longest label (RFC 1035 §2.3.4). */
const maxLabelBytes = 63

/** Names read from one list: a pointer takes two bytes and may stand for 255, so what a guest sends could grow. */
const maxNameCount = 128

/** Bytes of one label, without its length. */
type Label = readonly number[]

/** The name with the zero that ends it; undefined when the text is no name. A dot at the end is allowed. */
export function domainNameBytes(name: string): Uint8Array | undefined {
  const labels = parseLabels(name)
  return labels && Uint8Array.of(...labels.flatMap(withLength), 0)
}

/** The labels alone, without the zero: a name that is only the beginning of one (RFC 4704 §4.2). */
export function partialNameBytes(name: string): Uint8Array | undefined {
  const labels = parseLabels(name)
  return labels && Uint8Array.from(labels.flatMap(withLength))
}

/**
 * Names one after the other without compression (RFC 8415 §10, RFC 8106 §5.2).
 * @returns undefined when one of them is no name
 */
export function domainNamesBytes(names: readonly string[]): Uint8Array | undefined {
  const bytes: number[] = []
  for (const name of names) {
    const labels = parseLabels(name)
    if (labels === undefined) return undefined
    bytes.push(...labels.flatMap(withLength), 0)
  }
  return Uint8Array.from(bytes)
}

/**
 * Names one after the other, each ending that stood there before replaced by a pointer to it, counted from the first
 * byte of the list (RFC 1035 §4.1.4, RFC 3397 §2).
 * @returns undefined when one of them is no name
 */
export function compressedNamesBytes(names: readonly string[]): Uint8Array | undefined {
  const bytes: number[] = []
  const placeOfEnding = new Map<string, number>()
  for (const name of names) {
    const labels = parseLabels(name)
    if (labels === undefined) return undefined
    let known: number | undefined
    for (let index = 0; index < labels.length && known === undefined; index++) {
      const ending = labels.slice(index).flatMap(withLength).join()
      known = placeOfEnding.get(ending)
      if (known !== undefined) break
      if (bytes.length < 0x4000) placeOfEnding.set(ending, bytes.length)
      bytes.push(...withLength(labels[index] ?? []))
    }
    if (known === undefined) bytes.push(0)
    else bytes.push(0xc0 | (known >> 8), known & 0xff)
  }
  return Uint8Array.from(bytes)
}

/**
 * The names of a list that fills `length` bytes.
 * @param options.areCompressed whether pointers are allowed (RFC 3397); they count from `at` and must lead backwards
 * @returns undefined when one is cut off or longer than 255 bytes, or at more than 128 names. Never throws.
 */
export function decodeDomainNames(
  bytes: Uint8Array,
  at: number,
  { length, areCompressed }: { readonly length: number; readonly areCompressed: boolean },
): readonly string[] | undefined {
  const names: string[] = []
  let next = at
  while (next < at + length) {
    if (names.length === maxNameCount) return undefined
    const read = readName(bytes, next, { listAt: at, end: at + length, areCompressed })
    if (read === undefined) return undefined
    names.push(read.name)
    next = read.next
  }
  return names
}

/**
 * The one name that fills `length` bytes, whether or not the zero at its end is there (RFC 4704 §4.2).
 * @returns undefined when it is cut off within a label, or something follows
 */
export function decodePartialName(
  bytes: Uint8Array,
  at: number,
  length: number,
): { readonly name: string; readonly isComplete: boolean } | undefined {
  const labels: string[] = []
  let next = at
  while (next < at + length) {
    const size = bytes[next] ?? 0
    if (size === 0) {
      const name = labels.join('.') || '.'
      return next + 1 === at + length ? { name, isComplete: true } : undefined
    }
    if (size > maxLabelBytes || next + 1 + size > at + length) return undefined
    labels.push(labelText(bytes, next + 1, size))
    next += 1 + size
  }
  return length < maxNameBytes ? { name: labels.join('.'), isComplete: false } : undefined
}

interface NameList {
  readonly listAt: number
  readonly end: number
  readonly areCompressed: boolean
}

/** One name and where the next one begins. Each pointer leads before the one that led here, so that it ends. */
function readName(
  bytes: Uint8Array,
  at: number,
  { listAt, end, areCompressed }: NameList,
): { readonly name: string; readonly next: number } | undefined {
  const labels: string[] = []
  let place = at
  let lowest = at
  let next: number | undefined
  let nameBytes = 1
  for (;;) {
    if (place >= end) return undefined
    const size = bytes[place] ?? 0
    if (size === 0) return { name: labels.join('.') || '.', next: next ?? place + 1 }
    if (size > 0xbf) {
      const target = listAt + (((size & 0x3f) << 8) | (bytes[place + 1] ?? 0))
      if (!areCompressed || place + 2 > end || target >= lowest) return undefined
      next ??= place + 2
      lowest = target
      place = target
      continue
    }
    nameBytes += 1 + size
    if (size > maxLabelBytes || place + 1 + size > end || nameBytes > maxNameBytes) return undefined
    labels.push(labelText(bytes, place + 1, size))
    place += 1 + size
  }
}

function labelText(bytes: Uint8Array, at: number, size: number): string {
  let text = ''
  for (let index = at; index < at + size; index++) {
    const byte = bytes[index] ?? 0
    const char = String.fromCharCode(byte)
    if (char === '.' || char === '\\') text += `\\${char}`
    else if (byte > 0x20 && byte < 0x7f) text += char
    else text += `\\${String(byte).padStart(3, '0')}`
  }
  return text
}

function parseLabels(name: string): readonly Label[] | undefined {
  if (name === '.') return []
  const labels: Label[] = []
  const token = /\\(\d{3})|\\([!-~])|(\.)|([!-[\]-~])/y
  let label: number[] = []
  let nameBytes = 1
  while (token.lastIndex < name.length) {
    const match = token.exec(name)
    if (match === null) return undefined
    const [, digits, escaped, dot, plain] = match
    if (dot === undefined)
      label.push(digits === undefined ? (escaped ?? plain ?? '').charCodeAt(0) : Number(digits))
    if (dot !== undefined || token.lastIndex === name.length) {
      nameBytes += 1 + label.length
      const isLabel = label.length > 0 && label.length <= maxLabelBytes
      if (!isLabel || nameBytes > maxNameBytes) return undefined
      if (label.some((byte) => byte > 0xff)) return undefined
      labels.push(label)
      label = []
    }
  }
  return labels.length > 0 ? labels : undefined
}

function withLength(label: Label): readonly number[] {
  return [label.length, ...label]
}
