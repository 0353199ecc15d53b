import type { IfName } from '#addr/if-name.js'
import type { DesiredNic } from './desired.js'
import { isIpv6, type ProxyEntry, type Sysctl } from './tap.js'

/** What /proc/sys says of the tap itself, before it is up. */
export function tapSysctls({ nic, stance, attachment }: DesiredNic): readonly Sysctl[] {
  const { tap } = nic
  if (attachment.kind !== 'routed') {
    // a port belongs to its bridge: this host has no business of its own there, not even a link-local address
    return [may(`net/ipv6/conf/${tap}/disable_ipv6`, '1')]
  }
  const { routes4, routes6, table } = attachment
  const ipv4 = [
    must(`net/ipv4/conf/${tap}/forwarding`, '1'),
    must(`net/ipv4/conf/${tap}/proxy_arp`, '1'),
    // answers at once: by default they wait for up to 0.8 s (net/ipv4/arp.c arp_process, pneigh_enqueue)
    may(`net/ipv4/neigh/${tap}/proxy_delay`, '0'),
    // the way back lies in the tap's table, where this check does not look; the guard has made sure of the sender
    ...(table !== undefined && stance === 'enforce'
      ? [may(`net/ipv4/conf/${tap}/rp_filter`, '0')]
      : []),
  ]
  const ipv6 = [
    // hosts that want no IPv6 of their own say so for all interfaces to come
    must(`net/ipv6/conf/${tap}/disable_ipv6`, '0'),
    may(`net/ipv6/conf/${tap}/accept_ra`, '0'),
    may(`net/ipv6/conf/${tap}/autoconf`, '0'),
    may(`net/ipv6/conf/${tap}/accept_redirects`, '0'),
    // the gateway's address is what its hardware address gives, and it is good at once: nobody else on this link can have it
    must(`net/ipv6/conf/${tap}/addr_gen_mode`, '0'),
    must(`net/ipv6/conf/${tap}/accept_dad`, '0'),
    must(`net/ipv6/conf/${tap}/forwarding`, '1'),
    must(`net/ipv6/conf/${tap}/proxy_ndp`, '1'),
    may(`net/ipv6/neigh/${tap}/proxy_delay`, '0'),
  ]
  return [
    ...(routes4.length > 0 ? ipv4 : []),
    ...(routes6.length > 0 ? ipv6 : [may(`net/ipv6/conf/${tap}/disable_ipv6`, '1')]),
  ]
}

/** What an interface needs so that this host answers there for others. */
export function uplinkSysctls(proxies: readonly ProxyEntry[], tap: IfName): readonly Sysctl[] {
  const devicesOf = (is6: boolean) => {
    const found = proxies.filter(({ address }) => isIpv6(address) === is6)
    return [...new Set(found.map(({ device }) => device))].filter((device) => device !== tap)
  }
  return [
    ...devicesOf(false).flatMap((device) => [
      must(`net/ipv4/conf/${device}/forwarding`, '1'),
      may(`net/ipv4/neigh/${device}/proxy_delay`, '0'),
    ]),
    ...devicesOf(true).flatMap((device) => [
      must(`net/ipv6/conf/${device}/proxy_ndp`, '1'),
      may(`net/ipv6/neigh/${device}/proxy_delay`, '0'),
    ]),
  ]
}

function must(path: string, value: string): Sysctl {
  return { path, value, need: 'must' }
}

function may(path: string, value: string): Sysctl {
  return { path, value, need: 'may' }
}
