import { contains4, parseCidr4 } from '#addr/cidr.js'
import { type Ipv4, ipv4OfNumber } from '#addr/ipv4.js'
import type { MergedBinding, NoteProblem } from './resolve.js'
import type { ClasslessRoute, Dhcp4Network, Dhcp4Service } from './service.js'
import type { CompleteSettings } from './settings.js'

/** What DHCPv4 tells the NIC; undefined for a NIC without IPv4 address. */
export function resolveDhcp4(merged: MergedBinding, note: NoteProblem): Dhcp4Service | undefined {
  const { binding, hostname, domain, shared } = merged
  const { ip, network } = binding
  if (ip === undefined) return undefined
  const subnet = network?.subnet
  if (subnet === undefined && binding.mode !== 'routed') {
    note('network.subnet', 'is missing; the address is told with a mask of 32 bits')
  }
  if (subnet !== undefined && !contains4(subnet, ip)) note('ip', `is not in the subnet`)
  // a guest that is the gateway itself routes for the others, and has nowhere to send what it does not know
  const gateway = network?.gateway === ip ? undefined : network?.gateway
  const prefixLength = subnet?.prefixLength ?? 32
  return {
    address: ip,
    hostname,
    network: shared.dhcp4([prefixLength, gateway, domain], () =>
      networkOf(merged, { prefixLength, gateway, note }),
    ),
  }
}

function networkOf(
  { settings, domain }: MergedBinding,
  {
    prefixLength,
    gateway,
    note,
  }: {
    readonly prefixLength: number
    readonly gateway: Ipv4 | undefined
    readonly note: NoteProblem
  },
): Dhcp4Network {
  return {
    prefixLength,
    router: settings.hasDefaultRoute ? gateway : undefined,
    serverId: (settings.isServerOnLink ? gateway : undefined) ?? settings.serverId,
    ...leaseTimes(settings, note),
    domain,
    searchList: settings.searchList,
    nameservers: settings.nameservers4,
    ntpServers: settings.ntpServers4,
    mtu: settings.mtu === 'auto' ? undefined : settings.mtu,
    routes: routesOf(settings, gateway),
    captivePortal: settings.captivePortal === '' ? undefined : settings.captivePortal,
    v6OnlyWaitSeconds: v6OnlyWait(settings),
    hasRapidCommit: settings.hasRapidCommit,
    boot: settings.boot,
    rawOptions: settings.rawOptions4,
  }
}

/** T1 before T2 before the lease's end (RFC 2131 §4.4.5); what is not in order is told, and half and 7/8 hold. */
function leaseTimes(
  settings: CompleteSettings,
  note: NoteProblem,
): Pick<Dhcp4Network, 'leaseSeconds' | 'renewSeconds' | 'rebindSeconds'> {
  const times = configuredTimes(settings)
  if (isInOrder(times)) return times
  note('renew', orderProblem)
  return configuredTimes({ ...settings, renewSeconds: 'auto', rebindSeconds: 'auto' })
}

const orderProblem =
  'wants to be before rebind, and that before the end of the lease; half and 7/8 hold'

/** What is wrong with the times of a lease as they are set, if anything. */
export function leaseProblem(settings: CompleteSettings): string | undefined {
  return isInOrder(configuredTimes(settings)) ? undefined : orderProblem
}

interface LeaseTimes {
  readonly leaseSeconds: number
  readonly renewSeconds: number
  readonly rebindSeconds: number
}

function isInOrder({ leaseSeconds, renewSeconds, rebindSeconds }: LeaseTimes): boolean {
  return renewSeconds >= 1 && renewSeconds < rebindSeconds && rebindSeconds < leaseSeconds
}

function configuredTimes({
  leaseSeconds,
  renewSeconds,
  rebindSeconds,
}: Pick<CompleteSettings, 'leaseSeconds' | 'renewSeconds' | 'rebindSeconds'>): LeaseTimes {
  const rebind = rebindSeconds === 'auto' ? Math.floor((leaseSeconds * 7) / 8) : rebindSeconds
  const half = Math.min(Math.floor(leaseSeconds / 2), rebind - 1)
  return {
    leaseSeconds,
    renewSeconds: renewSeconds === 'auto' ? half : renewSeconds,
    rebindSeconds: rebind,
  }
}

const metadataHost = parseCidr4('169.254.169.254/32')

/** Configured routes, then the one to the metadata service: by the gateway, else on the link itself. */
function routesOf(
  { routes4, hasMetadataRoute }: CompleteSettings,
  gateway: Ipv4 | undefined,
): readonly ClasslessRoute[] {
  if (!hasMetadataRoute || metadataHost === undefined) return routes4
  return [...routes4, { destination: metadataHost, gateway: gateway ?? ipv4OfNumber(0) }]
}

/** At least 300 s (RFC 8925 §3.4, MIN_V6ONLY_WAIT). */
function v6OnlyWait({ v6OnlyWaitSeconds }: CompleteSettings): number | undefined {
  return v6OnlyWaitSeconds === 0 ? undefined : Math.max(300, v6OnlyWaitSeconds)
}
