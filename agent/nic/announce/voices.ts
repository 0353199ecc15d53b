import { eui64Address, linkLocalOfMac } from '#addr/eui64.js'
import type { IfName } from '#addr/if-name.js'
import type { Ipv4 } from '#addr/ipv4.js'
import type { Ipv6 } from '#addr/ipv6.js'
import type { Mac } from '#addr/mac.js'
import type { NicRecord } from '#nic/record.js'

/** What shall be said on one device about where addresses are. */
export interface Voice {
  readonly device: IfName
  /** Where frames for the addresses shall go; undefined for the device’s own hardware address. */
  readonly mac: Mac | undefined
  /** 802.1Q tag of the frames; undefined for none. */
  readonly vlan: number | undefined
  readonly addresses: readonly (Ipv4 | Ipv6)[]
}

/** The bridge that a tap is a port of. */
export interface Segment {
  readonly isVlanAware: boolean
  /** The VLAN of frames without a tag; 0 for none. */
  readonly defaultVlan: number
  readonly ports: readonly SegmentPort[]
}

/** A port of a bridge. */
export interface SegmentPort {
  readonly device: IfName
  /** Whether a guest is behind it. */
  readonly isTap: boolean
  /** What is known of it. */
  readonly record: NicRecord | undefined
}

/**
 * What to say when a guest turns out to run here.
 *
 * Bridged: that its addresses are at its own hardware address, on each port of its bridge but its own: a guest that hears its own address
 * announced while it still probes it would give it up (RFC 5227 §2.1.1, RFC 4862 §5.4.4). Guests of other networks on the same bridge, and
 * those of whom nothing is known, hear nothing. Routed: that its addresses are at this host, wherever the host answers for them. Switches
 * of Open vSwitch and the administrator's own set-ups are left alone.
 */
export function voicesOf(record: NicRecord, segment: Segment | undefined): readonly Voice[] {
  switch (record.nic.mode) {
    case 'bridged':
      return segment === undefined ? [] : bridgedVoices(record, segment)
    case 'routed':
      return routedVoices(record)
    case 'openvswitch':
    case 'ext':
      return []
  }
}

/** The addresses by which a guest on a bridge is known, as far as Ganeti's words tell; what it makes itself beside is its own to announce. */
export function ownAddresses({ nic }: NicRecord): readonly (Ipv4 | Ipv6)[] {
  const { ip, ip6, mac, network } = nic
  const subnet6 = network?.subnet6
  const eui64 = subnet6 === undefined ? undefined : eui64Address(subnet6, mac)
  const known = [ip, ip6, eui64, linkLocalOfMac(mac)]
  return [...new Set(known.filter((address) => address !== undefined))]
}

function bridgedVoices(record: NicRecord, segment: Segment): readonly Voice[] {
  const { nic } = record
  const { isVlanAware, defaultVlan } = segment
  const vlan = isVlanAware && nic.vlan !== undefined ? nic.vlan.native : defaultVlan
  if (vlan === undefined) return [] // which of its tagged VLANs an address belongs to is not known
  const tag = isVlanAware && vlan !== defaultVlan ? vlan : undefined
  const addresses = ownAddresses(record)
  return segment.ports.flatMap(({ device, isTap, record: other }) => {
    if (device === nic.tap || (isTap && (other === undefined || !sharesNetwork(record, other))))
      return []
    return [{ device, mac: nic.mac, vlan: isTap ? undefined : tag, addresses }]
  })
}

function sharesNetwork({ nic }: NicRecord, { nic: other }: NicRecord): boolean {
  return nic.network?.uuid === other.network?.uuid && nic.vlan?.native === other.vlan?.native
}

function routedVoices({ nic, left }: NicRecord): readonly Voice[] {
  const devices = new Map<IfName, (Ipv4 | Ipv6)[]>()
  for (const { device, address } of left.proxies) {
    if (device === nic.tap) continue
    const addresses = devices.get(device)
    if (addresses === undefined) devices.set(device, [address])
    else addresses.push(address)
  }
  return [...devices].map(([device, addresses]) => ({
    device,
    mac: undefined,
    vlan: undefined,
    addresses,
  }))
}
