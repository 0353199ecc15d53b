import { type Cidr6, parseCidr6 } from '#addr/cidr.js'
import { parseIfName } from '#addr/if-name.js'
import { macOfNumber, parseMac } from '#addr/mac.js'
import type {
  Dhcp6Network,
  Dhcp6Service,
  NeighbourService,
  NicService,
  RaService,
} from '#binding/service.js'
import { answerIpv6, compileIpv6 } from '#responder/ipv6.js'
import type { NicDevice, Outcome, Packet } from '#responder/outcome.js'
import { isSumValid, sumPseudoHeader6, sumWords } from '#wire/checksum.js'
import { type Dhcpv6Message, decodeDhcpv6 } from '#wire/dhcpv6/message.js'
import { decodeEthernet } from '#wire/ethernet.js'
import { decodeIpv6, type Ipv6Header } from '#wire/ipv6.js'
import { decodeNdp, type NdpMessage } from '#wire/ndp/message.js'
import { ip6, macNo } from './frame6.js'

/** The host's device in tests: the router's hardware address, and its tap's MTU. */
export const testDevice: NicDevice = { sourceMac: macNo('fe:00:00:00:00:01'), mtu: 1500 }

/** The address that it gives. */
export const testRouter = 'fe80::fc00:ff:fe00:1'

/** The network that a text names. */
export function cidr6(text: string): Cidr6 {
  const cidr = parseCidr6(text)
  if (cidr === undefined) throw new Error(`no network: ${text}`)
  return cidr
}

/** Advertisements with one of everything. */
export const testRa: RaService = {
  routerLifetimeSeconds: 1800,
  preference: 'medium',
  hopLimit: 64,
  isManaged: false,
  hasOtherConfig: false,
  prefixes: [
    {
      prefix: cidr6('2001:db8:1::/64'),
      isOnLink: true,
      isAutonomous: true,
      validSeconds: 86400,
      preferredSeconds: 14400,
    },
  ],
  mtu: undefined,
  nameservers: [ip6('2001:db8::53'), ip6('2001:db8::54')],
  searchList: ['example.org', 'sub.example.net'],
  dnsLifetimeSeconds: 600,
  routes: [{ prefix: cidr6('2001:db8:ff::/48'), preference: 'low', lifetimeSeconds: 1800 }],
  pref64: cidr6('64:ff9b::/96'),
  captivePortal: 'https://portal.example.org/api',
  sourceAddress: undefined,
  interval: { minSeconds: 200, maxSeconds: 600 },
}

/** Neighbours of a routed NIC whose /64 others share. */
export const testNeighbours: NeighbourService = {
  targets: [ip6(testRouter), ip6('2001:db8:1::1')],
  subnet: cidr6('2001:db8:1::/64'),
  isProxy: true,
}

/** What DHCPv6 tells a network: the usual options. */
export const testNetwork6: Dhcp6Network = {
  serverDuid: Uint8Array.of(0, 3, 0, 1, 0xfe, 0, 0, 0, 0, 1),
  preferredSeconds: 1800,
  validSeconds: 3600,
  renewSeconds: 900,
  rebindSeconds: 1440,
  nameservers: [ip6('2001:db8::53')],
  searchList: ['example.org'],
  ntpServers: [ip6('2001:db8::123'), ip6('2001:db8::124')],
  domain: 'example.org',
  boot: [],
  hasRapidCommit: true,
  solMaxRtSeconds: 7200,
  infMaxRtSeconds: 7200,
  informationRefreshSeconds: 21600,
  rawOptions: [],
}

/** DHCPv6 with an address, a prefix and the usual options. */
export const testDhcp6: Dhcp6Service = {
  address: ip6('2001:db8:1::10'),
  delegatedPrefix: cidr6('2001:db8:f00::/56'),
  hostname: 'guest1',
  network: testNetwork6,
}

/** Changes to it. */
export type Dhcp6Changes = Partial<Dhcp6Network & Omit<Dhcp6Service, 'network'>>

/** DHCPv6 with these changes. */
export function changedDhcp6(changes: Dhcp6Changes): Dhcp6Service {
  const own = { address: testDhcp6.address, delegatedPrefix: testDhcp6.delegatedPrefix }
  const { address, delegatedPrefix, hostname, ...told } = {
    ...own,
    hostname: testDhcp6.hostname,
    ...changes,
  }
  return { address, delegatedPrefix, hostname, network: { ...testNetwork6, ...told } }
}

/** A routed NIC with everything, but for what a test changes. */
export function nicService(change: Partial<NicService> = {}): NicService {
  const tap = parseIfName('tap0')
  const mac = parseMac('aa:00:00:12:34:56')
  if (tap === undefined || mac === undefined) throw new Error('no names')
  return {
    tap,
    mac,
    instance: 'guest1.example.org',
    nic: '0',
    network: 'public',
    mode: 'routed',
    sourceDevice: tap,
    ip6: ip6('2001:db8:1::10'),
    isGateway: true,
    whenDown: 'pass',
    checksSource: true,
    dhcp4: undefined,
    ra: testRa,
    neighbours: testNeighbours,
    dhcp6: testDhcp6,
    ...change,
  }
}

/** What became of a packet. */
export interface Answer {
  readonly outcome: Outcome
  /** The frame that was written; empty without an answer. */
  readonly frame: Uint8Array
  /** The answer as values; undefined where there is none. */
  readonly reply: Reply | undefined
}

/** An answer as values. */
export interface Reply {
  readonly destinationMac: string
  readonly sourceMac: string
  readonly ip: Ipv6Header
  readonly isChecksumValid: boolean
  readonly nd: NdpMessage | undefined
  readonly dhcp: Dhcpv6Message | undefined
}

/** Answers a packet of a NIC, in a slot that begins somewhere within its bytes. */
export function answer(
  service: NicService,
  packet: Packet,
  {
    device = testDevice,
    size = 1514,
  }: { readonly device?: NicDevice; readonly size?: number } = {},
): Answer {
  const bytes = new Uint8Array(3000).fill(0xa5)
  const slot = { bytes, at: 128, size }
  const outcome = answerIpv6(compileIpv6(service, device), packet, slot)
  const length = outcome.kind === 'reply' ? outcome.length : 0
  const end = slot.at + length
  const outside = [...bytes.subarray(0, slot.at), ...bytes.subarray(slot.at + size)]
  if (outside.some((byte) => byte !== 0xa5)) throw new Error('something was written outside')
  const frame = bytes.slice(slot.at, end)
  return { outcome, frame, reply: length > 0 ? replyOf(frame) : undefined }
}

/** A frame of ours as values; throws when it is not even a frame. */
export function replyOf(frame: Uint8Array): Reply {
  const ethernet = decodeEthernet(frame, 0, frame.length)
  const ip = decodeIpv6(frame, 14, frame.length - 14)
  if (ethernet === undefined || ip === undefined) throw new Error('the answer is no frame')
  const { protocol, payloadLength: length } = ip
  const pseudoSum = sumPseudoHeader6({ addresses: frame, at: 22, protocol, length })
  return {
    destinationMac: macOfNumber(ethernet.destination),
    sourceMac: macOfNumber(ethernet.source),
    ip,
    isChecksumValid: isSumValid(sumWords(frame, 54, length, pseudoSum)),
    nd: protocol === 58 ? decodeNdp(frame, 54, length) : undefined,
    dhcp: protocol === 17 ? decodeDhcpv6(frame, 62, length - 8) : undefined,
  }
}
