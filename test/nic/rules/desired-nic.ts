import { parseCidr4, parseCidr6 } from '#addr/cidr.js'
import { linkLocalOfMac } from '#addr/eui64.js'
import { type IfName, parseIfName } from '#addr/if-name.js'
import { type Ipv4, parseIpv4 } from '#addr/ipv4.js'
import { type Ipv6, parseIpv6 } from '#addr/ipv6.js'
import { type Mac, parseMac } from '#addr/mac.js'
import type { Attachment, DesiredNic, Guard, Stance } from '#nic/desired.js'

/** A value that must be there. */
function given<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} is none`)
  return value
}

export const ifName = (text: string): IfName => given(parseIfName(text), text)
export const mac = (text: string): Mac => given(parseMac(text), text)
export const ipv4 = (text: string): Ipv4 => given(parseIpv4(text), text)
export const ipv6 = (text: string): Ipv6 => given(parseIpv6(text), text)
export const cidr4 = (text: string) => given(parseCidr4(text), text)
export const cidr6 = (text: string) => given(parseCidr6(text), text)

/** A guest of whom all is known; `guard` stands above what it has by default. */
export function desiredNic({
  tap = 'tap0',
  hardware = 'aa:00:00:00:01:10',
  ip = '192.0.2.100',
  stance = 'enforce',
  mode = 'bridged',
  guard = {},
}: {
  readonly tap?: string
  readonly hardware?: string
  readonly ip?: string
  readonly stance?: Stance
  readonly mode?: 'bridged' | 'routed'
  readonly guard?: Partial<Guard>
} = {}): DesiredNic {
  const address = mac(hardware)
  const attachment: Attachment =
    mode === 'bridged'
      ? { kind: 'bridged', bridge: ifName('br0'), vlan: undefined, privateVlan: undefined }
      : {
          kind: 'routed',
          table: undefined,
          gatewayMac: mac('cc:47:52:4e:45:54'),
          gatewayAddress6: undefined,
          routes4: [cidr4(`${ip}/32`)],
          routes6: [],
          neighbours: [ipv4(ip)],
          proxyOn: undefined,
        }
  return {
    nic: {
      tap: ifName(tap),
      instance: 'vm1.example.com',
      index: 0,
      name: undefined,
      uuid: '0a7e9e2e-0000-4000-8000-000000000001',
      mac: address,
      mode,
      link: mode === 'bridged' ? 'br0' : 'main',
      vlan: undefined,
      ip: ipv4(ip),
      ip6: undefined,
      network: undefined,
      instanceTags: [],
    },
    stance,
    attachment,
    firewall: { profile: 'unprotected', isKnown: true, inbound: { kind: 'all' } },
    guard: {
      macs: [address],
      sources4: [cidr4(`${ip}/32`)],
      sources6: {
        policy: 'strict',
        addresses: [{ address: linkLocalOfMac(address), prefixLength: 128 }],
      },
      gateways4: [ipv4('192.0.2.1')],
      gateways6: [ipv6('fe80::1')],
      arpTargets: undefined,
      refuses: { dhcp4: true, dhcp6: true, ra: true },
      taggedVlans: [],
      etherTypes: [],
      macFilter: undefined,
      hostServices: undefined,
      groupRate: { perSecond: 1000, burst: 2000 },
      ...guard,
    },
  }
}
