import { parseIfName } from '#addr/if-name.js'
import { type Ipv4, parseIpv4 } from '#addr/ipv4.js'
import { macNumber, parseMac } from '#addr/mac.js'
import type { Dhcp4Network, Dhcp4Service, NicService } from '#binding/service.js'
import { answerIpv4 } from '#responder/dhcpv4/answer.js'
import { type CompiledDhcpv4, compileDhcpv4 } from '#responder/dhcpv4/compile.js'
import type { Outcome, Packet } from '#responder/outcome.js'
import { writeU16, writeU32 } from '#wire/bytes.js'
import { finishChecksum, sumPseudoHeader4, sumWords } from '#wire/checksum.js'
import { type Dhcpv4Message, decodeDhcpv4, encodeDhcpv4 } from '#wire/dhcpv4/message.js'
import { decodeEthernet, type EthernetHeader } from '#wire/ethernet.js'
import { decodeIpv4, encodeIpv4, type Ipv4Header } from '#wire/ipv4.js'
import { decodeUdp, encodeUdp, isUdpChecksumValid, writeUdpChecksum } from '#wire/udp.js'

/** The NIC of the golden packets. */
export const nicMac = 0xaa00_0000_0001

/** What answers carry as their Ethernet source. */
export const hostMac = 0xfe00_0000_0001

/** What most tests serve: a /24. */
export const usualNetwork: Dhcp4Network = {
  prefixLength: 24,
  router: ip('192.0.2.1'),
  serverId: ip('192.0.2.1'),
  leaseSeconds: 43200,
  renewSeconds: 21600,
  rebindSeconds: 37800,
  domain: 'example.org',
  searchList: ['example.org', 'lab.example.org'],
  nameservers: [ip('192.0.2.53'), ip('192.0.2.54')],
  ntpServers: [ip('192.0.2.123')],
  mtu: undefined,
  routes: [],
  captivePortal: undefined,
  v6OnlyWaitSeconds: undefined,
  hasRapidCommit: false,
  boot: [],
  rawOptions: [],
}

/** Changes to it, and to the address 192.0.2.10 and the name vm1 of its NIC. */
export type ServiceChanges = Partial<Dhcp4Network & Omit<Dhcp4Service, 'network'>>

/** Changes to it that give every option something to say. */
export const richService: ServiceChanges = {
  hasRapidCommit: true,
  v6OnlyWaitSeconds: 300,
  captivePortal: 'https://portal.example.org/',
  boot: [
    { architectures: [7], userClass: undefined, server: '192.0.2.69', file: 'grubx64.efi' },
    { architectures: [16], userClass: undefined, server: undefined, file: 'http://b/shim.efi' },
    { architectures: [], userClass: 'iPXE', server: 'boot.example.org', file: 'menu.ipxe' },
  ],
  rawOptions: [{ code: 43, value: Uint8Array.of(6, 1, 8, 255) }],
}

/** An address that is one. */
export function ip(text: string): Ipv4 {
  const address = parseIpv4(text)
  if (address === undefined) throw new Error(`${text} is no address`)
  return address
}

/** A NIC that is told what most are, but for some changes; its tap has this MTU. */
export function compiledNic(changes: ServiceChanges = {}, mtu = 1500): CompiledDhcpv4 {
  const { address, hostname, ...told } = {
    ...{ address: ip('192.0.2.10'), hostname: 'vm1' },
    ...changes,
  }
  const network = { ...usualNetwork, ...told }
  const service = nicService({ address, hostname, network })
  const compiled = compileDhcpv4(service, { sourceMac: hostMac, mtu })
  if (compiled === undefined) throw new Error('not served')
  return compiled
}

/** The whole service of such a NIC. */
export function nicService(dhcp4: Dhcp4Service | undefined): NicService {
  const mac = parseMac('aa:00:00:00:00:01')
  const tap = parseIfName('tap0')
  if (mac === undefined || tap === undefined || macNumber(mac) !== nicMac) throw new Error('names')
  return {
    tap,
    mac,
    instance: 'vm1.example.org',
    nic: '0',
    network: undefined,
    mode: 'routed',
    sourceDevice: tap,
    ip6: undefined,
    isGateway: true,
    whenDown: 'pass',
    checksSource: true,
    dhcp4,
    ra: undefined,
    neighbours: undefined,
    dhcp6: undefined,
  }
}

/** A frame that came from a guest, as the kernel hands it over: its IP packet and its Ethernet source. */
export function packetOf(frame: Uint8Array, isChecksumReady = true): Packet {
  const length = frame.length - 14
  return { bytes: frame, at: 14, length, sourceMac: nicMac, isChecksumReady }
}

/** An answer, read again. */
export interface Answered {
  readonly outcome: Outcome
  readonly frame: Uint8Array
  readonly ethernet: EthernetHeader
  readonly ip: Ipv4Header
  readonly ports: readonly [number, number]
  readonly message: Dhcpv4Message
}

/** Answers a frame; undefined unless there is an answer. Its headers, lengths and checksums were checked. */
export function answered(compiled: CompiledDhcpv4, frame: Uint8Array): Answered | undefined {
  const slot = { bytes: new Uint8Array(1600).fill(0xee), at: 20, size: 1514 }
  const outcome = answerIpv4(compiled, packetOf(frame), slot)
  if (outcome.kind !== 'reply') return undefined
  return { ...readAnswer(slot.bytes.slice(20, 20 + outcome.length)), outcome }
}

/** The outcome alone. */
export function outcomeOf(
  compiled: CompiledDhcpv4,
  frame: Uint8Array,
  isChecksumReady = true,
): Outcome {
  const slot = { bytes: new Uint8Array(1514), at: 0, size: 1514 }
  return answerIpv4(compiled, packetOf(frame, isChecksumReady), slot)
}

/** Reads an answer's frame, which must be sound and exactly as long as it says. */
export function readAnswer(frame: Uint8Array): Omit<Answered, 'outcome'> {
  const ethernet = decodeEthernet(frame, 0, frame.length)
  const ip = decodeIpv4(frame, 14, frame.length - 14)
  const udp = decodeUdp(frame, 34, frame.length - 34)
  const message = decodeDhcpv4(frame, 42, frame.length - 42)
  if (!(ethernet && ip && udp && message)) throw new Error('the answer does not decode')
  const { source, destination } = ip
  const { length } = udp
  const sum = sumPseudoHeader4({ source, destination, protocol: 17, length })
  const isSound = isUdpChecksumValid(frame, 34, sum) && udp.checksum !== 0
  if (!isSound || ip.totalLength !== frame.length - 14 || length !== frame.length - 34) {
    throw new Error('the answer has wrong lengths or checksums')
  }
  return { frame, ethernet, ip, ports: [udp.sourcePort, udp.destinationPort], message }
}

/** The value of an option as hexadecimal digits; undefined when it is absent. */
export function optionHex({ options }: Dhcpv4Message, code: number): string | undefined {
  const option = options?.find((candidate) => candidate.code === code)
  return option && Buffer.from(option.value).toString('hex')
}

/** Codes of the options, in their order. */
export function optionCodes({ options }: Dhcpv4Message): readonly number[] {
  return options?.map(({ code }) => code) ?? []
}

/** What a client sends, from what a test says of it. */
export interface Sent {
  readonly message?: Partial<Dhcpv4Message>
  /** Option values by code, in order. */
  readonly options?: readonly (readonly [number, readonly number[]])[]
  readonly source?: string
  readonly destination?: string
  readonly destinationPort?: number
}

/** A frame of the NIC of the goldens. */
export function frameOf(sent: Sent): Uint8Array {
  const { message = {}, options, source = '0.0.0.0', destination = '255.255.255.255' } = sent
  const bytes = new Uint8Array(1500)
  const whole: Dhcpv4Message = {
    op: 1,
    htype: 1,
    hlen: 6,
    hops: 0,
    xid: 0x1020_3040,
    secs: 3,
    flags: 0,
    ciaddr: 0,
    yiaddr: 0,
    siaddr: 0,
    giaddr: 0,
    chaddr: Uint8Array.of(0xaa, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    sname: new Uint8Array(0),
    file: new Uint8Array(0),
    options: options?.map(([code, value]) => ({ code, value: Uint8Array.from(value) })),
    ...message,
  }
  const length = encodeDhcpv4(whole, bytes, 42)
  bytes.set([...Array(6).fill(0xff), 0xaa, 0, 0, 0, 0, 1, 8, 0])
  encodeIpv4(
    {
      trafficClass: 0,
      totalLength: length + 28,
      identification: 7,
      isDontFragment: false,
      isMoreFragments: false,
      fragmentOffsetBytes: 0,
      timeToLive: 64,
      protocol: 17,
      source: number(source),
      destination: number(destination),
      options: new Uint8Array(0),
    },
    bytes,
    14,
  )
  const { destinationPort = 67 } = sent
  encodeUdp({ sourcePort: 68, destinationPort, length: length + 8, checksum: 0 }, bytes, 34)
  return fixedUp(bytes.slice(0, length + 42))
}

/** The frame with right checksums, so that what a test changed is not refused for that. */
export function fixedUp(frame: Uint8Array): Uint8Array {
  writeU16(frame, 24, 0)
  writeU16(frame, 24, finishChecksum(sumWords(frame, 14, 20, 0)))
  const length = frame.length - 34
  const header = decodeIpv4(frame, 14, frame.length - 14)
  if (header === undefined) return frame
  const { source, destination } = header
  writeUdpChecksum(frame, 34, sumPseudoHeader4({ source, destination, protocol: 17, length }))
  return frame
}

/** An address as a number. */
export function number(text: string): number {
  return ip(text)
    .split('.')
    .reduce((sum, part) => sum * 256 + Number(part), 0)
}

/** An address's four bytes as a list. */
export function quad(text: string): readonly number[] {
  const bytes = new Uint8Array(4)
  writeU32(bytes, 0, number(text))
  return Array.from(bytes)
}

/** ASCII codes. */
export function ascii(text: string): readonly number[] {
  return Array.from(text, (character) => character.charCodeAt(0))
}
