import { type Cidr4, contains4, network4 } from '#addr/cidr.js'
import { type Ipv4, ipv4Bytes, ipv4OfNumber } from '#addr/ipv4.js'
import type { ClasslessRoute, Dhcp4Network } from '#binding/service.js'

/**
 * The value of options 121 and 249 (RFC 3442): the routes, and the default route, for a client that understands this
 * option ignores option 3. A gateway outside the NIC's own network (an address with a /32) gets a route on the link
 * before it is used.
 * @param address the NIC's own
 * @returns undefined when there is no route at all
 */
export function encodeRoutes(told: Dhcp4Network, address: Ipv4): Uint8Array | undefined {
  const routes = routesOf(told, address)
  if (routes.length === 0) return undefined
  return Uint8Array.from(
    routes.flatMap(({ destination, gateway }) => {
      const significant = ipv4Bytes(network4(destination)).subarray(
        0,
        Math.ceil(destination.prefixLength / 8),
      )
      return [destination.prefixLength, ...significant, ...ipv4Bytes(gateway)]
    }),
  )
}

/** As a gateway: none, the destination is on the link. As a network: all of them. */
const anyAddress = ipv4OfNumber(0)

function routesOf(
  { routes, router, prefixLength }: Dhcp4Network,
  address: Ipv4,
): readonly ClasslessRoute[] {
  const own: Cidr4 = { address, prefixLength }
  const hasDefault = routes.some(({ destination }) => destination.prefixLength === 0)
  const all: readonly ClasslessRoute[] =
    router === undefined || hasDefault
      ? routes
      : [...routes, { destination: { address: anyAddress, prefixLength: 0 }, gateway: router }]
  const beyond = new Set(
    all.map(({ gateway }) => gateway).filter((gateway) => !isReachable(gateway, own, routes)),
  )
  return [
    ...Array.from(beyond, (gateway) => ({
      destination: { address: gateway, prefixLength: 32 },
      gateway: anyAddress,
    })),
    ...all,
  ]
}

/** Whether a client that knows only its own network and the routes on the link can send to this gateway. */
function isReachable(gateway: Ipv4, own: Cidr4, routes: readonly ClasslessRoute[]): boolean {
  return (
    gateway === anyAddress ||
    contains4(own, gateway) ||
    routes.some((route) => route.gateway === anyAddress && contains4(route.destination, gateway))
  )
}
