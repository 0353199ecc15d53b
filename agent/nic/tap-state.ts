import type { IfName } from '#addr/if-name.js'
import { type Mac, parseMac } from '#addr/mac.js'
import type { DesiredNic } from './desired.js'
import type { NicFacts } from './facts.js'
import { isLinkLocal } from './link-local.js'
import type { ProxyEntry, TapState } from './tap.js'
import { tapSysctls, uplinkSysctls } from './tap-sysctls.js'

/** What a tap should be like. */
export function tapState(desired: DesiredNic, facts: NicFacts): TapState {
  const { nic, attachment } = desired
  const { tap } = nic
  switch (attachment.kind) {
    case 'bridged':
      return {
        ...untouched(tap),
        mac: portMac(nic.mac),
        mtu: facts.bridge?.mtu,
        master: attachment.bridge,
        vlan: attachment.vlan,
        sysctls: tapSysctls(desired),
      }
    case 'openvswitch':
      return { ...untouched(tap), mac: portMac(nic.mac), sysctls: tapSysctls(desired) }
    case 'ext':
      return untouched(tap)
    case 'routed': {
      const { table, routes4, routes6, gatewayMac, gatewayAddress6 } = attachment
      const proxies = proxiesOf(desired, facts)
      return {
        ...untouched(tap),
        mac: gatewayMac,
        addresses:
          gatewayAddress6 === undefined ? [] : [{ address: gatewayAddress6, prefixLength: 64 }],
        routes: [
          ...routes4.map((destination) => ({ destination, via: undefined, table })),
          ...routes6.map((route) => ({ ...route, table })),
        ],
        lookup: table === undefined ? undefined : { table, families: familiesOf(attachment) },
        neighbours: attachment.neighbours.map((address) => ({ address, mac: nic.mac })),
        proxies,
        sysctls: [...tapSysctls(desired), ...uplinkSysctls(proxies, tap)],
      }
    }
  }
}

function untouched(tap: IfName): TapState {
  return {
    tap,
    mac: undefined,
    mtu: undefined,
    master: undefined,
    vlan: undefined,
    addresses: [],
    routes: [],
    lookup: undefined,
    neighbours: [],
    proxies: [],
    sysctls: [],
  }
}

/**
 * A bridge takes the lowest hardware address of its ports for its own: no port's is lower than what it has (as Ganeti's own script does).
 * Never the guest's own: what comes for that would be the host's.
 */
function portMac(mac: Mac): Mac {
  return parseMac(`${mac.startsWith('fe') ? 'fc' : 'fe'}${mac.slice(2)}`) ?? mac
}

function familiesOf({
  routes4,
  routes6,
}: {
  readonly routes4: readonly unknown[]
  readonly routes6: readonly unknown[]
}): readonly (4 | 6)[] {
  return [...(routes4.length > 0 ? [4 as const] : []), ...(routes6.length > 0 ? [6 as const] : [])]
}

/**
 * Single addresses on the uplink of their family; and on the tap itself the gateway's global address, for a guest that asks for it
 * while no responder answers. A prefix is routed to this node or it is not: no answer to neighbour solicitations stands for it.
 */
function proxiesOf({ nic, attachment }: DesiredNic, { uplinks }: NicFacts): readonly ProxyEntry[] {
  if (attachment.kind !== 'routed') return []
  const { proxyOn } = attachment
  const auto = proxyOn === 'auto' ? uplinks : { v4: proxyOn, v6: proxyOn }
  const addresses6 = attachment.routes6.flatMap(({ destination: { address, prefixLength } }) =>
    prefixLength === 128 ? [address] : [],
  )
  const { v4, v6 } = auto
  const gateway6 = nic.network?.gateway6
  const hasGateway6 =
    gateway6 !== undefined && !isLinkLocal(gateway6) && !addresses6.includes(gateway6)
  return [
    ...(v4 === undefined ? [] : attachment.routes4.map(({ address }) => ({ address, device: v4 }))),
    ...(v6 === undefined ? [] : addresses6.map((address) => ({ address, device: v6 }))),
    ...(hasGateway6 && attachment.routes6.length > 0
      ? [{ address: gateway6, device: nic.tap }]
      : []),
  ]
}
