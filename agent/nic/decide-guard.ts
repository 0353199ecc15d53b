import { type Cidr4, type Cidr6, contains6 } from '#addr/cidr.js'
import { eui64Address, linkLocalOfMac } from '#addr/eui64.js'
import type { Ipv4 } from '#addr/ipv4.js'
import type { Ipv6 } from '#addr/ipv6.js'
import { type Mac, macNumber, macOfNumber, parseMac } from '#addr/mac.js'
import { resolveService } from '#binding/resolve.js'
import { err, ok, type Result } from '#result.js'
import { bindingOf } from './binding-text.js'
import type { Attachment, Guard, Sources6 } from './desired.js'
import type { MergedNic } from './merged-nic.js'

/** What the guest may send, as far as it is known; the problem where what is asked cannot be kept. */
export function guardOf(merged: MergedNic, attachment: Attachment): Result<Guard, string> {
  const { nic, setup, allows } = merged
  if (setup.macFilter === true && nic.mode === 'openvswitch') {
    return err(
      'networks that share a switch by hardware addresses cannot be kept apart on Open vSwitch: give each a VLAN',
    )
  }
  const macFilter = macFilterOf(merged)
  if (!macFilter.ok) return macFilter
  const isRouted = attachment.kind === 'routed'
  return ok({
    macs: [...new Set([nic.mac, ...allows.macs])],
    sources4: sources4Of(merged),
    sources6: sources6Of(merged, domainOf(merged, attachment, macFilter.value)),
    gateways4:
      nic.network?.gateway === undefined || isOwn4(merged, nic.network.gateway)
        ? []
        : [nic.network.gateway],
    gateways6: gateways6Of(merged, attachment),
    arpTargets: isRouted ? arpTargetsOf(merged) : undefined,
    refuses: refusedServers(merged),
    taggedVlans:
      attachment.kind === 'bridged' || attachment.kind === 'openvswitch'
        ? (attachment.vlan?.tagged ?? [])
        : [],
    etherTypes: setup.etherTypes,
    macFilter: macFilter.value,
    hostServices: isRouted && setup.hostServices !== 'all' ? setup.hostServices : undefined,
    groupRate: setup.groupRate === 'none' ? undefined : setup.groupRate,
  })
}

/** Without an address of its own a routed NIC has no IPv4 at all: nothing would find its way back. */
function sources4Of({ nic, setup, allows }: MergedNic): Guard['sources4'] {
  const known = [
    ...(nic.ip === undefined ? [] : [{ address: nic.ip, prefixLength: 32 }]),
    ...allows.cidrs4,
  ]
  switch (setup.ipv4Policy) {
    case 'open':
      return undefined
    case 'none':
      return []
    case 'known':
      return known.some(isWorld) ? undefined : known
    case 'auto': {
      const isKnown = nic.ip !== undefined || nic.mode === 'routed'
      return isKnown && !known.some(isWorld) ? known : undefined
    }
  }
}

function sources6Of(merged: MergedNic, domain: string): Sources6 {
  const { nic, setup, allows, ownPrefix } = merged
  const subnet6 = ownPrefix ?? nic.network?.subnet6
  const named = [...(nic.ip6 === undefined ? [] : [host(nic.ip6)]), ...allows.cidrs6]
  const policy = policyOf(merged)
  if (policy !== 'none' && [...named, ...(subnet6 === undefined ? [] : [subnet6])].some(isWorld)) {
    return { policy: 'open' }
  }
  switch (policy) {
    case 'open':
      return { policy: 'open' }
    case 'none':
      return { policy: 'none' }
    case 'prefix':
      return { policy: 'prefix', prefixes: [...(subnet6 === undefined ? [] : [subnet6]), ...named] }
    case 'strict': {
      const made = [linkLocalOfMac(nic.mac), subnet6 && eui64Address(subnet6, nic.mac)]
      return {
        policy: 'strict',
        addresses: [
          ...made.flatMap((address) => (address === undefined ? [] : [host(address)])),
          ...named,
        ],
      }
    }
    case 'learn':
      return {
        policy: 'learn',
        addresses: named,
        prefixes: subnet6 === undefined ? [] : [subnet6],
        domain,
        maxAddresses: setup.maxLearntAddresses,
      }
  }
}

/** Whether a network is everything there is, as a tag says for a guest that is a router: then nothing is left to enforce. */
function isWorld({ prefixLength }: Cidr4 | Cidr6): boolean {
  return prefixLength === 0
}

/** What `auto` comes to: what is known decides what is enforced. */
function policyOf({ nic, setup, ownPrefix }: MergedNic): Sources6['policy'] {
  const isRouted = nic.mode === 'routed'
  // what a guest makes for itself would not be routed to it
  if (setup.ipv6Policy === 'learn' && isRouted) return 'strict'
  if (setup.ipv6Policy !== 'auto') return setup.ipv6Policy
  if (ownPrefix !== undefined) return 'prefix'
  if (nic.network?.subnet6 !== undefined) return isRouted ? 'strict' : 'learn'
  if (nic.ip6 !== undefined) return 'strict'
  return isRouted ? 'none' : 'open'
}

/** Who shares the link: everybody on the bridge, on one VLAN of it, or on one network of those that share it. */
function domainOf(
  { nic }: MergedNic,
  attachment: Attachment,
  macFilter: Guard['macFilter'],
): string {
  switch (attachment.kind) {
    case 'bridged':
    case 'openvswitch': {
      const { bridge, vlan } = attachment
      return [bridge, vlan?.native, macFilter?.prefix.replaceAll(':', '')]
        .filter((part) => part !== undefined)
        .join('.')
    }
    case 'routed':
      return nic.tap
    case 'ext':
      return nic.link === '' ? nic.tap : nic.link
  }
}

function gateways6Of(merged: MergedNic, attachment: Attachment): readonly Ipv6[] {
  const { nic, settings } = merged
  const ofTap =
    attachment.kind === 'routed'
      ? [linkLocalOfMac(attachment.gatewayMac), attachment.gatewayAddress6]
      : [settings.gatewayAddress === 'auto' ? undefined : settings.gatewayAddress]
  const all = [nic.network?.gateway6, ...ofTap].flatMap((gateway) => gateway ?? [])
  return [...new Set(all)].filter((gateway) => !isOwn6(merged, gateway))
}

/** A guest that is its network's gateway, or may stand in for it (VRRP). */
function isOwn4({ nic, allows }: MergedNic, gateway: Ipv4): boolean {
  return (
    nic.ip === gateway ||
    allows.cidrs4.some(({ address, prefixLength }) => prefixLength === 32 && address === gateway)
  )
}

function isOwn6({ nic, allows }: MergedNic, gateway: Ipv6): boolean {
  return (
    nic.ip6 === gateway ||
    linkLocalOfMac(nic.mac) === gateway ||
    allows.cidrs6.some((cidr) => cidr.prefixLength === 128 && contains6(cidr, gateway))
  )
}

/**
 * For whom a routed guest may ask: its gateway and its neighbours, for whom this host answers. Nothing is known of a network that
 * Ganeti does not name.
 */
function arpTargetsOf({ nic: { network } }: MergedNic): Guard['arpTargets'] {
  if (network?.subnet === undefined && network?.gateway === undefined) return undefined
  const { subnet, gateway } = network
  return [
    ...(gateway === undefined ? [] : [{ address: gateway, prefixLength: 32 }]),
    ...(subnet === undefined ? [] : [subnet]),
  ]
}

/** Who serves a network is its only server; whoever is its gateway may advertise itself. */
function refusedServers(merged: MergedNic): Guard['refuses'] {
  const { nic, setup } = merged
  const isRouter6 = nic.network?.gateway6 !== undefined && isOwn6(merged, nic.network.gateway6)
  switch (setup.guestServers) {
    case 'allow':
      return { dhcp4: false, dhcp6: false, ra: false }
    case 'refuse':
      return { dhcp4: true, dhcp6: true, ra: true }
    case 'auto': {
      const isServed = isServedNetwork(merged)
      const isRouted = nic.mode === 'routed'
      const hasRouter = nic.network?.gateway6 !== undefined && !isRouter6
      return {
        dhcp4: isServed || isRouted,
        dhcp6: isServed || isRouted,
        ra: (isServed && !isRouter6) || hasRouter || isRouted,
      }
    }
  }
}

/** The same truth as the responder's. A NIC without address is told none, but its network is served all the same. */
function isServedNetwork({ nic, serving }: MergedNic): boolean {
  const probe = nic.ip ?? nic.network?.gateway ?? nic.network?.subnet?.address
  const { service } = resolveService({ ...bindingOf(nic), ip: probe }, serving)
  return service.dhcp4 !== undefined || service.dhcp6 !== undefined || service.ra !== undefined
}

/** The first bits of the hardware addresses that share the NIC's network. */
function macFilterOf({ nic, setup }: MergedNic): Result<Guard['macFilter'], string> {
  if (setup.macFilter !== true) return ok(undefined)
  const { macPrefix, tags = [] } = nic.network ?? {}
  const usual = tags.includes('private-filtered') ? synnefoMask : threeOctets
  const mask = setup.macMask === 'auto' ? usual : setup.macMask
  if (nic.network !== undefined && macPrefix === undefined) {
    return err(
      'networks that share a bridge are told apart by hardware addresses, but this one has no prefix: gnt-network modify --mac-prefix',
    )
  }
  const first = macPrefix === undefined ? undefined : parseMac(`${macPrefix}:00:00:00`)
  const known = masked(mask, threeOctets)
  return first !== undefined && masked(first, known) !== masked(nic.mac, known)
    ? err(
        `hardware address ${nic.mac} does not begin with ${macPrefix}, by which its network is kept apart from others`,
      )
    : ok({ prefix: masked(nic.mac, mask), mask })
}

/** Of a hardware address what a Ganeti network's prefix says. */
const threeOctets = macOfNumber(0xffffff000000)

/** What Synnefo gives a network: its clusters' prefixes differ in the last four bits of three octets. */
const synnefoMask = macOfNumber(0xfffff0000000)

function masked(mac: Mac, mask: Mac): Mac {
  return macOfNumber(Number(BigInt(macNumber(mac)) & BigInt(macNumber(mask))))
}

function host(address: Ipv6): Cidr6 {
  return { address, prefixLength: 128 }
}
