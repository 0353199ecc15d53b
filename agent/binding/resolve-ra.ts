import { type Cidr6, network6 } from '#addr/cidr.js'
import type { Ipv6 } from '#addr/ipv6.js'
import type { MergedBinding, NoteProblem } from './resolve.js'
import { searchList6 } from './resolve-dhcp6.js'
import type { AdvertisedPrefix, Dhcp6Service, NeighbourService, RaService } from './service.js'
import type { CompleteSettings } from './settings.js'

/** AdvDefaultLifetime is at most 9000 s (RFC 4861 §6.2.1). */
const longestRouterLifetime = 9000

/**
 * What router advertisements tell the NIC; undefined for a network without IPv6.
 * @param dhcp6 what stands behind flags M and O
 */
export function resolveRa(
  merged: MergedBinding,
  { dhcp6, note }: { readonly dhcp6: Dhcp6Service | undefined; readonly note: NoteProblem },
): RaService | undefined {
  const { binding, settings, isGateway, domain } = merged
  const subnet6 = binding.network?.subnet6
  if (subnet6 === undefined) return undefined
  const interval = intervalOf(settings, note)
  const usualLifetime = interval ? 3 * interval.maxSeconds : longestRouterLifetime
  const lifetime =
    settings.routerLifetimeSeconds === 'auto'
      ? Math.min(usualLifetime, longestRouterLifetime)
      : settings.routerLifetimeSeconds
  return {
    routerLifetimeSeconds: isGateway && settings.hasDefaultRoute ? lifetime : 0,
    preference: settings.preference,
    hopLimit: settings.hopLimit,
    isManaged: dhcp6?.address !== undefined,
    hasOtherConfig: dhcp6 !== undefined,
    prefixes: [prefixOf(merged, { subnet6, dhcp6, note })],
    mtu: settings.mtu === 'auto' ? undefined : settings.mtu,
    nameservers: settings.nameservers6,
    searchList: searchList6(settings.searchList, domain),
    // three times the longest interval (RFC 8106 §5.1); without interval nobody renews it
    dnsLifetimeSeconds: interval ? 3 * interval.maxSeconds : settings.prefixValidSeconds,
    routes: isGateway
      ? settings.routes6.map((route) => ({ ...route, lifetimeSeconds: usualLifetime }))
      : [],
    pref64: settings.pref64 === 'none' ? undefined : settings.pref64,
    captivePortal: settings.captivePortal === '' ? undefined : settings.captivePortal,
    sourceAddress: routerAddress(merged),
    interval,
  }
}

/**
 * For whom the host answers on a routed NIC: the router's addresses, and where configured the whole network. On a bridge the
 * host's own IP stack answers for what the bridge has.
 * @returns undefined for a network without IPv6
 */
export function resolveNeighbours(merged: MergedBinding): NeighbourService | undefined {
  const { binding, settings, shared } = merged
  const { subnet6, gateway6 } = binding.network ?? {}
  if (subnet6 === undefined) return undefined
  const router = [routerAddress(merged), gateway6].filter((address) => address !== undefined)
  return shared.neighbours([subnet6, router], () => ({
    targets: [...new Set(router)],
    subnet: { ...subnet6, address: network6(subnet6) },
    isProxy: settings.neighbourProxy === 'prefix',
  }))
}

/** What is configured, else the network's gateway where that is a link-local address, else what the device gives. */
function routerAddress({ binding, settings, isGateway }: MergedBinding): Ipv6 | undefined {
  if (settings.gatewayAddress !== 'auto') return settings.gatewayAddress
  const gateway6 = binding.network?.gateway6
  return isGateway && gateway6 && /^fe[89ab]/.test(gateway6) ? gateway6 : undefined
}

function prefixOf(
  { binding, settings }: MergedBinding,
  {
    subnet6,
    dhcp6,
    note,
  }: {
    readonly subnet6: Cidr6
    readonly dhcp6: Dhcp6Service | undefined
    readonly note: NoteProblem
  },
): AdvertisedPrefix {
  // only a /64 leaves room for an interface identifier (RFC 4862 §5.5.3 d)
  const canBeAutonomous = subnet6.prefixLength === 64
  const wantsAutonomous =
    settings.isAutonomous === 'auto'
      ? canBeAutonomous && dhcp6?.address === undefined
      : settings.isAutonomous
  if (wantsAutonomous && !canBeAutonomous) note('autonomous', 'wants a subnet6 of 64 bits')
  return {
    prefix: { ...subnet6, address: network6(subnet6) },
    isOnLink: settings.isOnLink === 'auto' ? binding.mode !== 'routed' : settings.isOnLink,
    isAutonomous: wantsAutonomous && canBeAutonomous,
    validSeconds: settings.prefixValidSeconds,
    // never above the valid lifetime (RFC 4861 §4.6.2)
    preferredSeconds: Math.min(settings.prefixPreferredSeconds, settings.prefixValidSeconds),
  }
}

/** What is wrong with the bounds of the interval as they are set, if anything. */
export function intervalProblem(settings: CompleteSettings): string | undefined {
  let problem: string | undefined
  intervalOf(settings, (_, message) => {
    problem = message
  })
  return problem
}

/** MaxRtrAdvInterval of 4 to 1800 s, MinRtrAdvInterval of 3 s to three quarters of it (RFC 4861 §6.2.1). */
function intervalOf(
  { advertiseMinSeconds, advertiseMaxSeconds }: CompleteSettings,
  note: NoteProblem,
): RaService['interval'] {
  if (advertiseMaxSeconds === 0) return undefined
  const maxSeconds = Math.max(4, advertiseMaxSeconds)
  const most = Math.max(3, Math.floor(maxSeconds * 0.75))
  if (advertiseMinSeconds <= most) return { minSeconds: advertiseMinSeconds, maxSeconds }
  note('interval_min', `is more than three quarters of interval_max; ${most}s holds`)
  return { minSeconds: most, maxSeconds }
}
