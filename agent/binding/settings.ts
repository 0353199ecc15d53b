import type { Cidr6 } from '#addr/cidr.js'
import type { Ipv4 } from '#addr/ipv4.js'
import type { Ipv6 } from '#addr/ipv6.js'
import type { AdvertisedRoute, BootRule, ClasslessRoute, RawOption } from './service.js'

/** Every setting of a NIC with a value: what the configuration's sections [dhcp], [ra] and [dhcpv6] give. */
export interface CompleteSettings {
  /** Whether DHCPv4 is answered. `auto`: when the network is served. */
  readonly dhcp: boolean | 'auto'
  /** Whether routers are advertised. `auto`: when the network is served and the host routes for the NIC. */
  readonly ra: boolean | 'auto'
  readonly dhcpv6: 'off' | 'stateless' | 'stateful'
  /** Whether this host is the NIC's router. `auto`: on routed NICs. */
  readonly isGateway: boolean | 'auto'
  readonly hasDefaultRoute: boolean
  readonly whenDown: 'pass' | 'drop'
  readonly checksSource: boolean
  /** Used where the network has no gateway, or its gateway may not be used for that. */
  readonly serverId: Ipv4
  /** Whether the network's gateway is the server's address, so that renewals find it on the link. */
  readonly isServerOnLink: boolean
  readonly leaseSeconds: number
  /** `auto`: half the lease. */
  readonly renewSeconds: number | 'auto'
  /** `auto`: seven eighths of the lease. */
  readonly rebindSeconds: number | 'auto'
  readonly nameservers4: readonly Ipv4[]
  readonly nameservers6: readonly Ipv6[]
  /** `auto`: what follows the first dot of the host's name. */
  readonly domain: string
  readonly searchList: readonly string[]
  readonly ntpServers4: readonly Ipv4[]
  readonly ntpServers6: readonly Ipv6[]
  /** `auto`: the tap's. */
  readonly mtu: number | 'auto'
  readonly routes4: readonly ClasslessRoute[]
  /** Prefixes only: the lifetime is the router's. */
  readonly routes6: readonly Pick<AdvertisedRoute, 'prefix' | 'preference'>[]
  readonly hasMetadataRoute: boolean
  /** Empty for none. */
  readonly captivePortal: string
  /** 0 for never. */
  readonly v6OnlyWaitSeconds: number
  readonly hasRapidCommit: boolean
  readonly boot: readonly BootRule[]
  readonly rawOptions4: readonly RawOption[]
  readonly rawOptions6: readonly RawOption[]
  /** `auto`: three times the longest interval. */
  readonly routerLifetimeSeconds: number | 'auto'
  readonly preference: 'low' | 'medium' | 'high'
  readonly hopLimit: number
  readonly advertiseMinSeconds: number
  /** 0 for answers only. */
  readonly advertiseMaxSeconds: number
  readonly prefixValidSeconds: number
  readonly prefixPreferredSeconds: number
  /** `auto`: not on routed NICs, where only the gateway answers. */
  readonly isOnLink: boolean | 'auto'
  /** `auto`: unless DHCPv6 gives the NIC its address. */
  readonly isAutonomous: boolean | 'auto'
  readonly pref64: Cidr6 | 'none'
  /** `auto`: what the hardware address of the NIC's device gives. */
  readonly gatewayAddress: Ipv6 | 'auto'
  readonly neighbourProxy: 'gateway' | 'prefix'
  readonly duid: Uint8Array
  readonly addressValidSeconds: number
  readonly addressPreferredSeconds: number
  readonly delegation: Delegation | 'none'
  /** 0 for not told. */
  readonly solMaxRtSeconds: number
  readonly infMaxRtSeconds: number
  readonly informationRefreshSeconds: number
}

/** What is set of it in one place: a section, a network's tags, a binding. */
export type NicSettings = Partial<CompleteSettings>

/** Prefixes of one length, cut from a pool; a NIC gets the one whose number is its IPv4 address' place in its network. */
export interface Delegation {
  readonly pool: Cidr6
  /** Not shorter than the pool's, at most 64. */
  readonly length: number
}

/**
 * Lays settings over others: what is set above wins, lists as a whole, raw options one by one.
 * @param layers lowest first
 */
export function mergeSettings(
  base: CompleteSettings,
  layers: readonly NicSettings[],
): CompleteSettings {
  let merged = base
  for (const layer of layers) {
    if (!isEmpty(layer)) {
      merged = {
        ...merged,
        ...layer,
        rawOptions4: mergeOptions(merged.rawOptions4, layer.rawOptions4),
        rawOptions6: mergeOptions(merged.rawOptions6, layer.rawOptions6),
      }
    }
  }
  return merged
}

/** Adds settings of one place to each other; raw options and boot rules add up. */
export function addSettings(settings: NicSettings, more: NicSettings): NicSettings {
  const both: { -readonly [K in keyof NicSettings]: NicSettings[K] } = { ...settings, ...more }
  if (more.rawOptions4) both.rawOptions4 = mergeOptions(settings.rawOptions4, more.rawOptions4)
  if (more.rawOptions6) both.rawOptions6 = mergeOptions(settings.rawOptions6, more.rawOptions6)
  if (more.boot) both.boot = [...(settings.boot ?? []), ...more.boot]
  return both
}

function isEmpty(settings: NicSettings): boolean {
  for (const _ in settings) return false
  return true
}

function mergeOptions(
  below: readonly RawOption[] = [],
  above: readonly RawOption[] = [],
): readonly RawOption[] {
  if (above.length === 0) return below
  return [...below.filter(({ code }) => above.every((option) => option.code !== code)), ...above]
}
