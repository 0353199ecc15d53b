import { copyBytes } from '#wire/bytes.js'
import { dhcpOption } from './codes.js'
import type { Dhcpv4Option } from './option-list.js'

/** A field that holds options: an end mark closes it. */
export interface OptionField {
  /** Where it begins. */
  readonly at: number
  /** Its bytes. */
  readonly size: number
  /** What option 52 says when it is used; 0 for the options field. */
  readonly overload: number
}

/** Which options go into a field. */
interface FieldPlan {
  readonly field: OptionField
  readonly options: readonly Dhcpv4Option[]
  /** Bytes that are still free, the end mark's not counted. */
  readonly room: number
}

const overloadBytes = 3
const endBytes = 1
const maxPieceBytes = 255

/**
 * Writes options in their order, and an end mark, into the first field. Where that is too small, those that do not fit
 * go into the first of the others that has room (RFC 2131 §4.1), and what fits nowhere is left out. The relay's
 * information is the last of the options field (RFC 3046 §2.1). An option above 255 bytes is split (RFC 3396 §6).
 * @param fields the options field first, then those that may be overloaded
 * @returns the first byte after the end mark of the options field
 */
export function packOptions(
  options: readonly Dhcpv4Option[],
  bytes: Uint8Array,
  fields: readonly [OptionField, ...OptionField[]],
): number {
  const [own] = fields
  const simple = planFields(options, [own], 0)
  const isWhole = simple.every((plan) => plan.options.length === options.length)
  const plans = isWhole || fields.length === 1 ? simple : planFields(options, fields, overloadBytes)
  const overload = plans.reduce(
    (sum, plan) => sum + (plan.options.length > 0 ? plan.field.overload : 0),
    0,
  )
  let end = own.at
  for (const { field, options } of plans) {
    const isOwn = field === own
    if (!isOwn && options.length === 0) continue
    const next = writeField(isOwn ? withOverload(options, overload) : options, bytes, field.at)
    if (isOwn) end = next
  }
  return end
}

/** Gives each option its place, the relay's information first of all. */
function planFields(
  options: readonly Dhcpv4Option[],
  fields: readonly OptionField[],
  reservedBytes: number,
): readonly FieldPlan[] {
  const plans = fields.map((field) => ({
    field,
    options: [] as Dhcpv4Option[],
    room: field.size - endBytes - (field.overload === 0 ? reservedBytes : 0),
  }))
  const [relay] = options.filter(isRelayInformation)
  for (const option of relay === undefined
    ? options
    : [relay, ...options.filter((option) => option !== relay)]) {
    const size = packedBytes(option)
    const plan = plans.find(
      ({ room, field }) => room >= size && (option !== relay || field.overload === 0),
    )
    if (plan === undefined) continue
    plan.options.push(option)
    plan.room -= size
  }
  return plans.map((plan) => ({ ...plan, options: relayLast(plan.options) }))
}

function relayLast(options: readonly Dhcpv4Option[]): readonly Dhcpv4Option[] {
  return [
    ...options.filter((option) => !isRelayInformation(option)),
    ...options.filter(isRelayInformation),
  ]
}

function isRelayInformation({ code }: Dhcpv4Option): boolean {
  return code === dhcpOption.relayAgentInformation
}

/** Option 52 stands second, behind the message type, so that a reader knows early. */
function withOverload(
  [first, ...rest]: readonly Dhcpv4Option[],
  overload: number,
): readonly Dhcpv4Option[] {
  const head = first === undefined ? [] : [first]
  if (overload === 0) return [...head, ...rest]
  return [...head, { code: dhcpOption.overload, value: Uint8Array.of(overload) }, ...rest]
}

function writeField(options: readonly Dhcpv4Option[], bytes: Uint8Array, from: number): number {
  let at = from
  for (const option of options) at = writeOption(option, bytes, at)
  bytes[at] = dhcpOption.end
  return at + endBytes
}

function writeOption({ code, value }: Dhcpv4Option, bytes: Uint8Array, from: number): number {
  let at = from
  let done = 0
  do {
    const length = Math.min(maxPieceBytes, value.length - done)
    bytes[at] = code
    bytes[at + 1] = length
    copyBytes({ from: value, fromAt: done, to: bytes, toAt: at + 2, length })
    at += 2 + length
    done += length
  } while (done < value.length)
  return at
}

/** Bytes that an option takes: two more than its value for each piece. */
function packedBytes({ value }: Dhcpv4Option): number {
  return value.length + 2 * Math.max(1, Math.ceil(value.length / maxPieceBytes))
}
