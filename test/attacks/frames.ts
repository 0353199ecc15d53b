import { ipv4Bytes } from '#addr/ipv4.js'
import { ipv6Bytes } from '#addr/ipv6.js'
import { macBytes } from '#addr/mac.js'
import { ipv4, ipv6, mac } from '../nic/rules/desired-nic.js'

/** Frames byte by byte, as only an attacker makes them: no encoder of ours would. */
export type Bytes = Uint8Array

export const broadcast = 'ff:ff:ff:ff:ff:ff'
export const etherType = {
  ip: 0x0800,
  arp: 0x0806,
  ip6: 0x86dd,
  vlan: 0x8100,
  qinq: 0x88a8,
} as const

/** IPv6 next headers. */
export const next = { hopByHop: 0, udp: 17, fragment: 44, icmp: 58, destination: 60 } as const

/** An Ethernet frame (IEEE 802.3), with VLAN tags if any; shorter payloads are padded, and the padding ends with the mark. */
export function ethernet({
  to,
  from,
  type,
  payload,
  tags = [],
  mark = '',
}: {
  readonly to: string
  readonly from: string
  readonly type: number
  readonly payload: Bytes
  readonly tags?: readonly { readonly type?: number; readonly id: number }[]
  readonly mark?: string
}): Bytes {
  const tagBytes = tags.flatMap((tag) => [...u16(tag.type ?? etherType.vlan), ...u16(tag.id)])
  const padding = Math.max(0, 46 - payload.length - mark.length)
  return Buffer.concat([
    macBytes(mac(to)),
    macBytes(mac(from)),
    Uint8Array.from([...tagBytes, ...u16(type)]),
    payload,
    new Uint8Array(padding),
    Buffer.from(mark),
  ])
}

/** ARP (RFC 826), reply unless `op` says otherwise; also RARP. */
export function arp({
  op = 2,
  sender,
  senderIp,
  target = '00:00:00:00:00:00',
  targetIp,
  hardwareType = 1,
}: {
  readonly op?: number
  readonly sender: string
  readonly senderIp: string
  readonly target?: string
  readonly targetIp: string
  readonly hardwareType?: number
}): Bytes {
  return Buffer.concat([
    Uint8Array.from([...u16(hardwareType), 8, 0, 6, 4, ...u16(op)]),
    macBytes(mac(sender)),
    ipv4Bytes(ipv4(senderIp)),
    macBytes(mac(target)),
    ipv4Bytes(ipv4(targetIp)),
  ])
}

/** An IPv4 packet (RFC 791). @param offset of a fragment, in bytes */
export function ip4({
  from,
  to,
  protocol = 17,
  payload,
  offset = 0,
  more = false,
  id = 0x1234,
}: {
  readonly from: string
  readonly to: string
  readonly protocol?: number
  readonly payload: Bytes
  readonly offset?: number
  readonly more?: boolean
  readonly id?: number
}): Bytes {
  const head = Buffer.from([
    ...[0x45, 0, ...u16(20 + payload.length), ...u16(id)],
    ...u16((more ? 0x2000 : 0) | (offset >> 3)),
    ...[64, protocol, 0, 0],
    ...ipv4Bytes(ipv4(from)),
    ...ipv4Bytes(ipv4(to)),
  ])
  head.writeUInt16BE(checksum(head), 10)
  return Buffer.concat([head, payload])
}

/** An IPv6 packet (RFC 8200). */
export function ip6({
  from,
  to,
  nextHeader,
  payload,
  hopLimit = 255,
}: {
  readonly from: string
  readonly to: string
  readonly nextHeader: number
  readonly payload: Bytes
  readonly hopLimit?: number
}): Bytes {
  const head = [0x60, 0, 0, 0, ...u16(payload.length), nextHeader, hopLimit]
  return Buffer.concat([
    Uint8Array.from([...head, ...ipv6Bytes(ipv6(from)), ...ipv6Bytes(ipv6(to))]),
    payload,
  ])
}

/** A UDP datagram without checksum over IPv4, with one over IPv6. */
export function udp({
  from,
  to,
  payload,
  over,
}: {
  readonly from: number
  readonly to: number
  readonly payload: Bytes
  readonly over?: { readonly from: string; readonly to: string }
}): Bytes {
  const datagram = Buffer.concat([
    Uint8Array.from([...u16(from), ...u16(to), ...u16(8 + payload.length), 0, 0]),
    payload,
  ])
  if (over !== undefined)
    datagram.writeUInt16BE(checksum(pseudo6(over, next.udp, datagram)) || 0xffff, 6)
  return datagram
}

/** An ICMP message (RFC 792). */
export function icmp4(type: number, code: number, body: Bytes): Bytes {
  const message = Buffer.concat([Uint8Array.of(type, code, 0, 0), body])
  message.writeUInt16BE(checksum(message), 2)
  return message
}

/** An ICMPv6 message (RFC 4443). @param over the addresses that the checksum covers */
export function icmp6(
  type: number,
  body: Bytes,
  over: { readonly from: string; readonly to: string },
): Bytes {
  const message = Buffer.concat([Uint8Array.of(type, 0, 0, 0), body])
  message.writeUInt16BE(checksum(pseudo6(over, next.icmp, message)), 2)
  return message
}

/** Hop-by-hop or destination options of `size` bytes with an option to be passed over (RFC 4727 3.4): of padding so much would be odd. */
export function options(nextHeader: number, size = 8): Bytes {
  const header = Buffer.alloc(size)
  header.set([nextHeader, size / 8 - 1, 0x1e, size - 4])
  return header
}

/** A fragment header (RFC 8200 4.5). @param offset in bytes */
export function fragment({
  nextHeader,
  offset = 0,
  more = false,
  id = 0x5151,
}: {
  readonly nextHeader: number
  readonly offset?: number
  readonly more?: boolean
  readonly id?: number
}): Bytes {
  return Uint8Array.from([nextHeader, 0, ...u16(offset | (more ? 1 : 0)), 0, 0, ...u16(id)])
}

/** Options of neighbour discovery: 1 source address, 2 target address (RFC 4861 4.6.1). */
export function linkAddress(type: 1 | 2, address: string): Bytes {
  return Uint8Array.of(type, 1, ...macBytes(mac(address)))
}

/** Reserved bytes or flags, the target, options: solicitation and advertisement. */
export function ndBody(flags: number, target: string, ...opts: readonly Bytes[]): Bytes {
  return Buffer.concat([Uint8Array.of(flags, 0, 0, 0), ipv6Bytes(ipv6(target)), ...opts])
}

/** A router advertisement that makes its sender the default router for half an hour (RFC 4861 4.2). */
export function raBody(...opts: readonly Bytes[]): Bytes {
  return Buffer.concat([
    Uint8Array.from([64, 0x08, ...u16(1800), 0, 0, 0, 0, 0, 0, 0, 0]), // high preference, RFC 4191
    ...opts,
  ])
}

/** The group that a solicitation for an address goes to (RFC 4291 2.7.1), with its hardware address. */
export function solicitedNode(address: string): { readonly ip: string; readonly mac: string } {
  const hex = Array.from(ipv6Bytes(ipv6(address)).subarray(13), (byte) =>
    byte.toString(16).padStart(2, '0'),
  )
  return { ip: `ff02::1:ff${hex[0]}:${hex[1]}${hex[2]}`, mac: `33:33:ff:${hex.join(':')}` }
}

function pseudo6(
  { from, to }: { readonly from: string; readonly to: string },
  nextHeader: number,
  payload: Bytes,
): Buffer {
  return Buffer.concat([
    ipv6Bytes(ipv6(from)),
    ipv6Bytes(ipv6(to)),
    Uint8Array.of(0, 0, ...u16(payload.length), 0, 0, 0, nextHeader),
    payload,
  ])
}

/** RFC 1071. */
function checksum(bytes: Bytes): number {
  let sum = 0
  for (const [at, byte] of bytes.entries()) sum += at % 2 === 0 ? byte << 8 : byte
  while (sum > 0xffff) sum = (sum >>> 16) + (sum & 0xffff)
  return 0xffff - sum
}

function u16(value: number): readonly [number, number] {
  return [value >> 8, value & 0xff]
}
