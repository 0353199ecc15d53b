import { areBytesEqual, readU16 } from '#wire/bytes.js'
import { dhcpv6OptionBytes } from '#wire/dhcpv6/encode.js'
import { dhcpv6Option, dhcpv6Status } from '#wire/dhcpv6/option-code.js'
import type { Dhcpv6AssociationSpan, Dhcpv6Span } from '#wire/dhcpv6/request.js'
import type { CompiledDhcpv6 } from './compile.js'
import { beginOption, endOption, putBytes, putStretch, putU32, type ReplyDraft } from './reply.js'

/** What an association in a message asks for: an address or prefix, the same one further on, or no more of it. */
export type AssociationWish = 'assign' | 'request' | 'extend' | 'give-back'

/** What an association's answer is made of. */
export interface AssociationParts {
  /** The packet. */
  readonly bytes: Uint8Array
  readonly compiled: CompiledDhcpv6
  /** The option that it gets, within `compiled.bytes`. */
  readonly binding: Dhcpv6Span | undefined
  readonly wish: AssociationWish
}

/** Where things stand in the options of addresses and prefixes. */
const layout = {
  [dhcpv6Option.iaAddress]: { valueAt: 0, valueBytes: 16, fixedBytes: 24, lifetimesAt: 16 },
  [dhcpv6Option.iaPrefix]: { valueAt: 8, valueBytes: 17, fixedBytes: 25, lifetimesAt: 0 },
} as const

const statusOption = {
  success: status(dhcpv6Status.success, 'done'),
  noAddress: status(dhcpv6Status.noAddrsAvail, 'no address for this association'),
  noPrefix: status(dhcpv6Status.noPrefixAvail, 'no prefix for this association'),
  noBinding: status(dhcpv6Status.noBinding, 'nothing is bound to this association'),
  notOnLink: status(dhcpv6Status.notOnLink, 'not an address of this link'),
} as const

/** Writes the status that stands for the whole message. */
export function putStatus(draft: ReplyDraft, name: keyof typeof statusOption): void {
  putBytes(draft, statusOption[name])
}

/** Whether the association gets something: the first IA_NA the address, the first IA_PD the prefix. */
export function bindingOf(
  compiled: CompiledDhcpv6,
  associations: readonly Dhcpv6AssociationSpan[],
  association: Dhcpv6AssociationSpan,
): Dhcpv6Span | undefined {
  const first = associations.find(({ code }) => code === association.code)
  if (first !== association) return undefined
  if (association.code === dhcpv6Option.iaNa) return compiled.address
  return association.code === dhcpv6Option.iaPd ? compiled.prefix : undefined
}

/**
 * Answers one association (RFC 9915 §18.3.1 to §18.3.8).
 *
 * - There is one address and one prefix; whoever asks for more is told NoAddrsAvail or NoPrefixAvail.
 * - What the client holds and is not its own comes back with lifetimes 0 when it extends: it must stop using it.
 * - A REQUEST for an address of another network is told NotOnLink; for another one of the same network it gets its own.
 * - What is given back is confirmed by silence, or with NoBinding when it never was its own.
 */
export function putAssociation(
  draft: ReplyDraft,
  association: Dhcpv6AssociationSpan,
  parts: AssociationParts,
): void {
  const { binding, wish, compiled } = parts
  if (wish === 'give-back' && binding !== undefined) return
  const isForeign =
    wish === 'request' && binding !== undefined && asksForeign(association, parts, binding)
  const isBound = binding !== undefined && !isForeign
  const optionAt = beginOption(draft, association.code)
  putU32(draft, association.iaid)
  if (association.code !== dhcpv6Option.iaTa) {
    putU32(draft, isBound ? compiled.renewSeconds : 0)
    putU32(draft, isBound ? compiled.rebindSeconds : 0)
  }
  if (isBound) putStretch(draft, compiled.bytes, binding)
  const returnedCount = wish === 'extend' ? putReturned(draft, association, parts) : 0
  if (isForeign) putStatus(draft, 'notOnLink')
  else if (!isBound && returnedCount === 0) putBytes(draft, refusal(association.code, wish))
  endOption(draft, optionAt)
}

/**
 * Whether every address that the client holds is its own (CONFIRM, RFC 9915 §18.3.3). Stricter than "of this link": one
 * of the same network may be a neighbour's.
 * @returns undefined when it holds none
 */
export function holdsOnlyOwn(
  compiled: CompiledDhcpv6,
  bytes: Uint8Array,
  associations: readonly Dhcpv6AssociationSpan[],
): boolean | undefined {
  const own = compiled.address
  let result: boolean | undefined
  for (const association of associations) {
    if (association.code === dhcpv6Option.iaPd) continue
    for (const valueAt of held(bytes, association))
      result = (result ?? true) && own !== undefined && isSame(bytes, valueAt, compiled.bytes, own)
  }
  return result
}

/** Gives back what is not the client's own, with lifetimes 0. @returns how many there were */
function putReturned(
  draft: ReplyDraft,
  association: Dhcpv6AssociationSpan,
  { bytes, binding, compiled }: AssociationParts,
): number {
  const code = heldCode(association)
  const { fixedBytes, lifetimesAt } = layout[code]
  let count = 0
  for (const valueAt of held(bytes, association)) {
    if (binding !== undefined && isSame(bytes, valueAt, compiled.bytes, binding)) continue
    const optionAt = beginOption(draft, code)
    const writtenAt = draft.at
    putStretch(draft, bytes, { at: valueAt, length: fixedBytes })
    if (!draft.isOverfull) draft.bytes.fill(0, writtenAt + lifetimesAt, writtenAt + lifetimesAt + 8)
    endOption(draft, optionAt)
    count++
  }
  return count
}

/** Whether a REQUEST names an address outside the network of its own one: its first 64 bits (RFC 9915 §18.3.2). */
function asksForeign(
  association: Dhcpv6AssociationSpan,
  { bytes, compiled }: AssociationParts,
  { at }: Dhcpv6Span,
): boolean {
  if (association.code !== dhcpv6Option.iaNa) return false
  const { bytes: to } = compiled
  return held(bytes, association).some(
    (fromAt) => !areBytesEqual({ from: bytes, fromAt, to, toAt: at + 4, length: 8 }),
  )
}

/** Where the values of the addresses or prefixes in an association begin. */
function held(bytes: Uint8Array, association: Dhcpv6AssociationSpan): readonly number[] {
  const wanted = heldCode(association)
  const places: number[] = []
  const end = association.at + association.length
  for (let next = association.at; next + 4 <= end; ) {
    const length = readU16(bytes, next + 2)
    if (next + 4 + length > end) break
    if (readU16(bytes, next) === wanted && length >= layout[wanted].fixedBytes)
      places.push(next + 4)
    next += 4 + length
  }
  return places
}

function heldCode({ code }: Dhcpv6AssociationSpan): keyof typeof layout {
  return code === dhcpv6Option.iaPd ? dhcpv6Option.iaPrefix : dhcpv6Option.iaAddress
}

/** Whether the address or prefix at `valueAt` is that of our own option, whose code and length come before it. */
function isSame(bytes: Uint8Array, valueAt: number, ownBytes: Uint8Array, own: Dhcpv6Span) {
  const code = readU16(ownBytes, own.at)
  const { valueAt: at, valueBytes: length } =
    code === dhcpv6Option.iaPrefix ? layout[dhcpv6Option.iaPrefix] : layout[dhcpv6Option.iaAddress]
  const toAt = own.at + 4 + at
  return areBytesEqual({ from: bytes, fromAt: valueAt + at, to: ownBytes, toAt, length })
}

function refusal(code: number, wish: AssociationWish): Uint8Array {
  if (wish === 'give-back') return statusOption.noBinding
  return code === dhcpv6Option.iaPd ? statusOption.noPrefix : statusOption.noAddress
}

function status(code: number, message: string): Uint8Array {
  return dhcpv6OptionBytes({ kind: 'status', code: 13, status: code, message })
}
