import { type Mac, macBytes, macOfNumber } from '#addr/mac.js'
import { assertNever } from '#result.js'
import { readU16, readU32, readU48, writeU16, writeU32 } from '#wire/bytes.js'

/** A DHCP unique identifier (RFC 9915 §11). Compared as bytes only; what is in it is for people to read. */
export type Duid =
  | {
      /** Hardware address and the seconds since 2000 (type 1). */
      readonly kind: 'llt'
      readonly timeSeconds: number
      readonly mac: Mac
    }
  | {
      /** Of a vendor (type 2). */
      readonly kind: 'en'
      readonly enterprise: number
      readonly id: Uint8Array
    }
  | {
      /** Hardware address (type 3). */
      readonly kind: 'll'
      readonly mac: Mac
    }
  | {
      /** Sixteen bytes (type 4, RFC 6355). */
      readonly kind: 'uuid'
      readonly uuid: Uint8Array
    }
  | {
      /** Any other one, and those whose bytes are not as their type asks. */
      readonly kind: 'other'
      readonly type: number
      readonly id: Uint8Array
    }

/** Bounds of a DUID's length in bytes, type included (RFC 9915 §11.1). */
export const duidBytes = { min: 3, max: 130 } as const

const ethernet = 1

/** The identifier of these bytes; undefined when they are too few or too many. Never throws. */
export function decodeDuid(bytes: Uint8Array): Duid | undefined {
  if (bytes.length < duidBytes.min || bytes.length > duidBytes.max) return undefined
  const type = readU16(bytes, 0)
  const isEthernet = readU16(bytes, 2) === ethernet
  if (type === 1 && isEthernet && bytes.length === 14)
    return { kind: 'llt', timeSeconds: readU32(bytes, 4), mac: macOfNumber(readU48(bytes, 8)) }
  if (type === 2 && bytes.length > 6)
    return { kind: 'en', enterprise: readU32(bytes, 2), id: bytes.slice(6) }
  if (type === 3 && isEthernet && bytes.length === 10)
    return { kind: 'll', mac: macOfNumber(readU48(bytes, 4)) }
  if (type === 4 && bytes.length === 18) return { kind: 'uuid', uuid: bytes.slice(2) }
  return { kind: 'other', type, id: bytes.slice(2) }
}

/** The bytes of an identifier. */
export function encodeDuid(duid: Duid): Uint8Array {
  switch (duid.kind) {
    case 'llt':
      return withHead(8, macBytes(duid.mac), (head) => {
        writeU32(head, 0, 0x1_0000 + ethernet)
        writeU32(head, 4, duid.timeSeconds)
      })
    case 'en':
      return withHead(6, duid.id, (head) => {
        writeU16(head, 0, 2)
        writeU32(head, 2, duid.enterprise)
      })
    case 'll':
      return withHead(4, macBytes(duid.mac), (head) => writeU32(head, 0, 0x3_0000 + ethernet))
    case 'uuid':
      return withHead(2, duid.uuid, (head) => writeU16(head, 0, 4))
    case 'other':
      return withHead(2, duid.id, (head) => writeU16(head, 0, duid.type))
    default:
      return assertNever(duid)
  }
}

function withHead(
  headBytes: number,
  tail: Uint8Array,
  write: (head: Uint8Array) => void,
): Uint8Array {
  const bytes = new Uint8Array(headBytes + tail.length)
  write(bytes)
  bytes.set(tail, headBytes)
  return bytes
}
