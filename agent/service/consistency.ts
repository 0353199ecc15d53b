import { contains6 } from '#addr/cidr.js'
import { leaseProblem } from '#binding/resolve-dhcp4.js'
import { intervalProblem } from '#binding/resolve-ra.js'
import { type CompleteSettings, mergeSettings } from '#binding/settings.js'
import { profileNamed } from '#nic/firewall/profiles.js'
import type { OwnPrefixes } from '#nic/setup-settings.js'
import type { NodeConfig } from './node-config.js'

/** What does not fit together although each value is good: `[section] key: what is wrong`. */
export function inconsistencies({
  broker,
  queueing,
  serving,
  nics,
}: NodeConfig): readonly string[] {
  const { settings, networks } = serving
  const own = settingFaults(settings, { lease: 'dhcp', interval: 'ra' })
  const ofNetworks = [...networks].flatMap(([name, network]) => {
    const section = `network ${name}`
    return own.length > 0
      ? []
      : settingFaults(mergeSettings(settings, [network]), { lease: section, interval: section })
  })
  return [
    ...queueFaults(queueing),
    ...certificateFaults(broker),
    ...own,
    ...ofNetworks,
    ...firewallFaults(nics),
    ...prefixFaults(nics),
  ]
}

/** A certificate is of no use without its key. */
function certificateFaults({
  cert_file: cert,
  key_file: key,
}: Pick<NodeConfig['broker'], 'cert_file' | 'key_file'>): readonly string[] {
  if ((cert === '') === (key === '')) return []
  return [
    cert === ''
      ? '[broker] key_file: wants cert_file as well'
      : '[broker] cert_file: wants key_file as well',
  ]
}

/** Profiles that nobody defined would let nothing in. */
function firewallFaults({ setup, networks, profiles }: NodeConfig['nics']): readonly string[] {
  const chosen: (readonly [string, string])[] = [['nic', setup.firewall]]
  for (const [name, { firewall }] of networks) {
    if (firewall !== undefined) chosen.push([`network ${name}`, firewall])
  }
  return chosen
    .filter(([, name]) => profileNamed(profiles, name) === undefined)
    .map(([section, name]) => `[${section}] firewall: there is no firewall profile ${name}`)
}

function settingFaults(
  settings: CompleteSettings,
  sections: { readonly lease: string; readonly interval: string },
): readonly string[] {
  const lease = leaseProblem(settings)
  const interval = intervalProblem(settings)
  return [
    ...(lease === undefined ? [] : [`[${sections.lease}] renew: ${lease}`]),
    ...(interval === undefined ? [] : [`[${sections.interval}] interval_min: ${interval}`]),
  ]
}

/**
 * Prefixes that are numbered by IPv4 address repeat from network to network: each network wants a pool of its own. Hardware addresses do
 * not repeat within a cluster.
 */
function prefixFaults({ setup, networks }: NodeConfig['nics']): readonly string[] {
  const own: readonly string[] =
    setup.ownPrefix !== 'none' && setup.ownPrefix.by === 'ip'
      ? [
          '[nic] own_prefix: wants mac behind the length, or to stand in [network NAME]: places in a subnet repeat in the next one',
        ]
      : []
  const pools = [...networks].flatMap(([name, { ownPrefix = 'none' }]) =>
    ownPrefix === 'none' ? [] : [{ name, ...ownPrefix }],
  )
  const shared = pools.flatMap((pool, place) => {
    const other = pools.slice(0, place).find((earlier) => isShared(earlier, pool))
    return other === undefined
      ? []
      : [`[network ${pool.name}] own_prefix: overlaps the pool of [network ${other.name}]`]
  })
  return [...own, ...shared]
}

function isShared(a: OwnPrefixes, b: OwnPrefixes): boolean {
  if (a.by === 'mac' && b.by === 'mac' && a.length === b.length) return false
  return contains6(a.pool, b.pool.address) || contains6(b.pool, a.pool.address)
}

/** Every service has a queue of its own, twice: for NICs whose packets pass while nobody answers, and for those whose drop. */
function queueFaults(queueing: NodeConfig['queueing']): readonly string[] {
  const { dhcp_queue, rs_queue, ns_queue, dhcpv6_queue, drop_queue_offset } = queueing
  const numbers = [dhcp_queue, rs_queue, ns_queue, dhcpv6_queue]
  const all = [...numbers, ...numbers.map((number) => number + drop_queue_offset)]
  if (new Set(numbers).size < numbers.length) {
    return ['[queueing] dhcp_queue: wants another number than rs_queue, ns_queue and dhcpv6_queue']
  }
  const isGood = new Set(all).size === all.length && all.every((number) => number <= 65_535)
  return isGood
    ? []
    : ['[queueing] drop_queue_offset: makes numbers above 65535, or the same as other queues']
}
