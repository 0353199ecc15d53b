import { parseIfName } from '#addr/if-name.js'
import { parseMac } from '#addr/mac.js'
import type { DesiredNic, Inbound, Stance } from '#nic/desired.js'
import { readProfiles } from '#nic/firewall/profile-text.js'
import { nicRules } from '#nic/rules/nic-rules.js'
import { openReacher, type Reacher } from '../support/reach.js'
import {
  beyond,
  type Guest,
  type GuestNic,
  networks,
  openSite,
  type Site,
} from '../support/site.js'

/** A guest behind a firewall, another one on the same host, and the world beyond; each answers on {@link doors}. */
export interface FirewallWorld extends AsyncDisposable {
  readonly site: Site
  readonly nic: GuestNic
  readonly neighbourNic: GuestNic
  readonly guest: Reacher
  readonly neighbour: Reacher
  readonly router: Reacher
  readonly host: Reacher
  /** Puts the rules of a profile in place; `changes` stand above what is desired else. */
  readonly protect: (profile: string, changes?: WorldChanges) => Promise<void>
  /** The same for another tap than the guest’s. */
  readonly protectTap: (
    nic: FirewalledTap,
    profile: string,
    changes?: WorldChanges,
  ) => Promise<void>
  /** Packets that rules with this comment have counted. */
  readonly counted: (comment: string) => Promise<number>
}

/** A tap that rules are made for. */
export type FirewalledTap = Pick<GuestNic, 'tap' | 'mac' | 'ip' | 'mode'>

/** What differs from the usual. */
export interface WorldChanges {
  readonly stance?: Stance
  readonly guard?: Partial<DesiredNic['guard']>
  /** Of its network. */
  readonly networkTags?: readonly string[]
}

/** What everybody answers on; `icmp/1400` and more are pings of that size, in fragments above the MTU. */
export const doors = ['tcp/22', 'tcp/80', 'tcp/3389', 'udp/53', 'icmp', 'icmp/4000'] as const

const ports = ['tcp/22', 'tcp/80', 'tcp/3389', 'udp/53', 'udp/7777', 'tcp/9000']

/** The built-in profiles, and one as a site may define it. */
const friends = ['198.51.100.128/25', '2001:db8:3::/64', '192.0.2.1', '2001:db8:1::1']
const profiles = readProfiles(
  new Map([
    ['web', { inbound: ['tcp/80', ...friends.map((from) => `udp/50-60 from ${from}`)].join(', ') }],
  ]),
  (problem) => {
    throw new Error(problem)
  },
)

/** Makes a world whose guests are connected in one way. */
export async function openFirewallWorld(
  mode: 'bridged' | 'routed',
  options: { readonly patienceMs?: number } = {},
): Promise<FirewallWorld> {
  const site = await openSite()
  try {
    const guests = [
      await site.addGuest('guest', { nics: [mode], binding: served(mode) }),
      await site.addGuest('neighbour', { nics: [mode], binding: served(mode) }),
    ]
    for (const guest of guests) await configure(guest)
    const spaces = [...guests.map(({ space }) => space), site.router, site.host]
    const reachers: Reacher[] = []
    for (const space of spaces) reachers.push(await openReacher(space, ports, options))
    const [guest, neighbour, router, host] = reachers
    const [nic, neighbourNic] = guests.map(({ nics }) => nics[0])
    if (!guest || !neighbour || !router || !host || !nic || !neighbourNic)
      throw new Error('no guests')
    const protectTap: FirewallWorld['protectTap'] = async (tap, profile, changes = {}) => {
      const { apply } = nicRules(desiredOf(tap, { profile, ...changes }))
      await site.host.sh(`nft -f - <<'EOF'\n${apply}EOF`)
    }
    return {
      site,
      nic,
      neighbourNic,
      guest,
      neighbour,
      router,
      host,
      protect: (profile, changes = {}) => protectTap(nic, profile, changes),
      protectTap,
      async counted(comment) {
        const listing = await site.host.sh('nft list ruleset')
        const rules = listing.split('\n').filter((line) => line.includes(`comment "${comment}"`))
        if (rules.length === 0) throw new Error(`no rule says ${comment}:\n${listing}`)
        return rules.reduce((sum, line) => sum + Number(/packets (\d+)/.exec(line)?.[1]), 0)
      },
      [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
    }
  } catch (error) {
    await site[Symbol.asyncDispose]()
    throw error
  }
}

/** On a bridge the real router would advertise the prefix; here it is told by us. */
function served(mode: 'bridged' | 'routed'): Readonly<Record<string, unknown>> {
  const { tags } = networks.bridged
  if (mode === 'routed') return {}
  return { network: { ...networks.bridged, tags: [...tags, 'okeanid:ra'] } }
}

/** Where the world is, in each family. */
export const outside = { 4: beyond.ip, 6: beyond.ip6 } as const

/** A NIC's addresses by family. */
export function addressesOf({ ip, ip6 }: Pick<GuestNic, 'ip' | 'ip6'>): {
  readonly 4: string
  readonly 6: string
} {
  return { 4: ip, 6: ip6 }
}

async function configure({ space, nics }: Guest): Promise<void> {
  for (const { device, mode, ip, ip6, gateway, hostMac } of nics) {
    const gateway6 = mode === 'bridged' ? '2001:db8:1::1' : linkLocal(hostMac)
    await space.sh(`
      sysctl -qw net.ipv6.conf.${device}.accept_ra=0
      ip addr add ${ip}/24 dev ${device}
      ip -6 addr flush dev ${device} scope global
      ip -6 addr add ${ip6}/${mode === 'bridged' ? 64 : 128} dev ${device} nodad
      ip route add default via ${gateway} dev ${device}
      ip -6 route add default via ${gateway6} dev ${device}`)
  }
}

function desiredOf(
  { tap, mac, ip, mode }: FirewalledTap,
  {
    profile,
    stance = 'enforce',
    guard = {},
    networkTags = [],
  }: WorldChanges & { readonly profile: string },
): DesiredNic {
  const [name, bridge] = [parseIfName(tap), parseIfName('br0')]
  const [address, gatewayMac] = [parseMac(mac), parseMac('cc:47:52:4e:45:54')]
  if (!name || !bridge || !address || !gatewayMac) throw new Error(`no tap ${tap}`)
  return {
    nic: {
      tap: name,
      mac: address,
      instance: 'guest.example.com',
      index: 0,
      name: undefined,
      uuid: ip,
      mode,
      link: mode === 'bridged' ? 'br0' : '',
      vlan: undefined,
      ip: undefined,
      ip6: undefined,
      network: {
        name: 'net',
        uuid: undefined,
        tags: networkTags,
        subnet: undefined,
        gateway: undefined,
        subnet6: undefined,
        gateway6: undefined,
        macPrefix: undefined,
      },
      instanceTags: [],
    },
    stance,
    attachment:
      mode === 'bridged'
        ? { kind: 'bridged', bridge, vlan: undefined, privateVlan: undefined }
        : {
            kind: 'routed',
            table: undefined,
            gatewayMac,
            gatewayAddress6: undefined,
            routes4: [],
            routes6: [],
            neighbours: [],
            proxyOn: undefined,
          },
    guard: {
      macs: [address],
      sources4: undefined,
      sources6: { policy: 'open' },
      gateways4: [],
      gateways6: [],
      arpTargets: undefined,
      refuses: { dhcp4: true, dhcp6: true, ra: true },
      taggedVlans: [],
      etherTypes: [],
      macFilter: undefined,
      hostServices: undefined,
      groupRate: undefined,
      ...guard,
    },
    firewall: { profile, isKnown: true, inbound: inboundOf(profile) },
  }
}

function inboundOf(name: string): Inbound {
  const profile = profiles.find((candidate) => candidate.name === name)
  if (profile === undefined) throw new Error(`no profile ${name}`)
  return profile.inbound
}

/** The address that an interface makes itself of its hardware address (RFC 4291 2.5.6). */
function linkLocal(mac: string): string {
  const [a = '', b, c, d, e, f] = mac.split(':')
  const first = (Number.parseInt(a, 16) ^ 2).toString(16)
  return `fe80::${first}${b}:${c}ff:fe${d}:${e}${f}`
}
