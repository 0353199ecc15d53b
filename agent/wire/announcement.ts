import { type Ipv4, ipv4Number } from '#addr/ipv4.js'
import { type Ipv6, ipv6OfBytes } from '#addr/ipv6.js'
import { type Mac, macNumber } from '#addr/mac.js'
import { arpBytes, arpRequest, encodeArp, etherTypeArp } from './arp.js'
import { sumPseudoHeader6 } from './checksum.js'
import { broadcastMac, encodeEthernet, ethernetLength, etherTypeIpv6 } from './ethernet.js'
import { protocolIcmpv6, writeIcmpv6Checksum } from './icmpv6.js'
import { encodeIpv6, ipv6FieldAt, ipv6HeaderBytes } from './ipv6.js'
import { encodeNdp, ndpFixedBytes } from './ndp/message.js'
import type { VlanTag } from './vlan.js'

/** Who says where an address is. */
export interface Announcement<Address> {
  readonly address: Address
  /** Where frames for the address shall go from now on; the frame's own source. */
  readonly mac: Mac
  /** The frame's 802.1Q tag. */
  readonly tag?: VlanTag | undefined
}

/** 33:33:00:00:00:01, where ff02::1 goes (RFC 2464 §7). */
const allNodesMac = 0x3333_0000_0001
const allNodes = ipv6OfBytes(Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1))

/** Bytes of a neighbour advertisement with the address of its sender. */
const advertisementBytes = ndpFixedBytes.neighbourAdvertisement + 8

/**
 * The frame by which an IPv4 address is announced (RFC 5227 §2.3, "ARP Announcement"): a request whose sender and target are the address
 * itself, which mends entries that others have of it and makes none anew.
 */
export function arpAnnouncement({ address, mac, tag }: Announcement<Ipv4>): Uint8Array {
  const ip = ipv4Number(address)
  const sender = { senderMac: macNumber(mac), senderIp: ip }
  return arpFrame(broadcastMac, { ...sender, targetIp: ip }, tag)
}

/** The frame by which somebody asks one station for its own address: it answers when it runs. */
export function arpQuestion({
  askingMac,
  askingIp,
  mac,
  ip,
}: {
  readonly askingMac: Mac
  readonly askingIp: Ipv4
  readonly mac: Mac
  readonly ip: Ipv4
}): Uint8Array {
  const sender = { senderMac: macNumber(askingMac), senderIp: ipv4Number(askingIp) }
  return arpFrame(macNumber(mac), { ...sender, targetIp: ipv4Number(ip) })
}

/**
 * The frame by which an IPv6 address is announced (RFC 4861 §7.2.6): an unsolicited neighbour advertisement to all nodes, with the override
 * flag, from the address itself.
 */
export function neighbourAnnouncement({ address, mac, tag }: Announcement<Ipv6>): Uint8Array {
  const ethernet = {
    destination: allNodesMac,
    source: macNumber(mac),
    tags: tag === undefined ? [] : [tag],
    type: etherTypeIpv6,
  }
  const ipAt = ethernetLength(ethernet)
  const bytes = new Uint8Array(ipAt + ipv6HeaderBytes + advertisementBytes)
  encodeEthernet(ethernet, bytes, 0)
  encodeIpv6(
    {
      ...{ trafficClass: 0, flowLabel: 0, hopLimit: 255, extensions: [] },
      source: address,
      destination: allNodes,
      protocol: protocolIcmpv6,
      payloadLength: advertisementBytes,
    },
    bytes,
    ipAt,
  )
  const messageAt = ipAt + ipv6HeaderBytes
  encodeNdp(
    {
      kind: 'neighbour-advertisement',
      ...{ isRouter: false, isSolicited: false, isOverride: true },
      target: address,
      options: [{ kind: 'target-link-layer-address', mac }],
    },
    bytes,
    messageAt,
  )
  const pseudoSum = sumPseudoHeader6({
    addresses: bytes,
    at: ipAt + ipv6FieldAt.source,
    protocol: protocolIcmpv6,
    length: advertisementBytes,
  })
  writeIcmpv6Checksum(bytes, messageAt, { length: advertisementBytes, pseudoSum })
  return bytes
}

function arpFrame(
  destination: number,
  packet: { readonly senderMac: number; readonly senderIp: number; readonly targetIp: number },
  tag?: VlanTag,
): Uint8Array {
  const ethernet = {
    destination,
    source: packet.senderMac,
    tags: tag === undefined ? [] : [tag],
    type: etherTypeArp,
  }
  const at = ethernetLength(ethernet)
  const bytes = new Uint8Array(at + arpBytes)
  encodeEthernet(ethernet, bytes, 0)
  encodeArp({ operation: arpRequest, targetMac: 0, ...packet }, bytes, at)
  return bytes
}
