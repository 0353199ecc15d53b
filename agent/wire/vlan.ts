import { readU16, writeU16 } from './bytes.js'

/** One VLAN tag of an Ethernet frame (IEEE 802.1Q §9.6). */
export interface VlanTag {
  /** The tag's own EtherType: 0x8100 for a customer tag, 0x88a8 for a service tag (802.1ad). */
  readonly protocol: number
  /** 0 to 7. */
  readonly priority: number
  readonly isDropEligible: boolean
  /** 0 to 4095; 0 for a frame that has a priority only. */
  readonly id: number
}

/** Bytes that a tag takes. */
export const vlanTagBytes = 4

/** Whether an EtherType announces a VLAN tag. */
export function isVlanProtocol(type: number): boolean {
  return type === 0x8100 || type === 0x88a8
}

/**
 * The tag at `at`, its EtherType first:
 *
 *      0               16  19 20            32
 *     | EtherType       |PCP|DEI| VLAN id    |
 *
 * @param length bytes from there on
 * @returns undefined where none stands
 */
export function decodeVlan(bytes: Uint8Array, at: number, length: number): VlanTag | undefined {
  const protocol = readU16(bytes, at)
  if (length < vlanTagBytes || !isVlanProtocol(protocol)) return undefined
  const control = readU16(bytes, at + 2)
  return {
    protocol,
    priority: control >>> 13,
    isDropEligible: (control & 0x1000) !== 0,
    id: control & 0xfff,
  }
}

/** Writes a tag. @returns bytes written */
export function encodeVlan(tag: VlanTag, bytes: Uint8Array, at: number): number {
  writeU16(bytes, at, tag.protocol)
  writeU16(bytes, at + 2, (tag.priority << 13) | (tag.isDropEligible ? 0x1000 : 0) | tag.id)
  return vlanTagBytes
}
