import {
  broadcast4,
  contains4,
  contains6,
  formatCidr,
  network4,
  network6,
  parseCidr4,
  parseCidr6,
} from '#addr/cidr.js'
import { type Ipv4, ipv4Number, ipv4OfNumber, parseIpv4 } from '#addr/ipv4.js'
import { ipv6Bytes, ipv6OfBytes, parseIpv6 } from '#addr/ipv6.js'
import { err, ok, type Result } from '#result.js'
import type { AddressRange } from './pool-values.js'

/** What somebody asks of a subnet. */
export interface WantedSubnet {
  readonly cidr: string
  readonly ipVersion?: 4 | 6
  /** Absent: the first address. Null: none. */
  readonly gatewayIp?: string | null
  /** Absent: all but network, broadcast and gateway. */
  readonly allocationPools?: readonly { readonly start: string; readonly end: string }[]
}

/** A subnet that can be. */
export interface SubnetPlan {
  readonly ipVersion: 4 | 6
  /** Canonical, without host bits. */
  readonly cidr: string
  readonly gatewayIp: string | null
  /** Of IPv4; IPv6 addresses are what hardware addresses make them. */
  readonly ranges: readonly AddressRange[]
}

/** What a subnet will be, or what is wrong with what was asked. @param largest shortest prefix of an IPv4 network */
export function planSubnet(wanted: WantedSubnet, largest: number): Result<SubnetPlan, string> {
  const version = wanted.ipVersion ?? (wanted.cidr.includes(':') ? 6 : 4)
  return version === 6 ? planSubnet6(wanted) : planSubnet4(wanted, largest)
}

function planSubnet6(wanted: WantedSubnet): Result<SubnetPlan, string> {
  const cidr = parseCidr6(wanted.cidr)
  if (cidr === undefined) return err(`cidr: ${JSON.stringify(wanted.cidr)} is no IPv6 network`)
  if (cidr.prefixLength !== 64) return err('cidr: an IPv6 subnet is a /64')
  if (wanted.allocationPools !== undefined && wanted.allocationPools.length > 0) {
    return err('allocation_pools: IPv6 addresses are made from hardware addresses, give none')
  }
  const network = network6(cidr)
  const bytes = ipv6Bytes(network)
  bytes[15] = 1
  const gateway =
    wanted.gatewayIp === undefined
      ? ipv6OfBytes(bytes)
      : wanted.gatewayIp === null
        ? null
        : parseIpv6(wanted.gatewayIp)
  if (gateway === undefined) return err('gateway_ip: is no IPv6 address')
  if (gateway !== null && !contains6(cidr, gateway)) return err('gateway_ip: is not in the subnet')
  const text = formatCidr({ address: network, prefixLength: 64 })
  return ok({ ipVersion: 6, cidr: text, gatewayIp: gateway, ranges: [] })
}

function planSubnet4(wanted: WantedSubnet, largest: number): Result<SubnetPlan, string> {
  const cidr = parseCidr4(wanted.cidr)
  if (cidr === undefined) return err(`cidr: ${JSON.stringify(wanted.cidr)} is no IPv4 network`)
  if (cidr.prefixLength < largest || cidr.prefixLength > 29) {
    return err(`cidr: an IPv4 subnet is a /${largest} to /29`)
  }
  const network = network4(cidr)
  const broadcast = broadcast4(cidr) ?? network
  const first = ipv4OfNumber(ipv4Number(network) + 1)
  const gateway =
    wanted.gatewayIp === undefined
      ? first
      : wanted.gatewayIp === null
        ? null
        : parseIpv4(wanted.gatewayIp)
  if (gateway === undefined) return err('gateway_ip: is no IPv4 address')
  if (gateway !== null && !contains4(cidr, gateway)) return err('gateway_ip: is not in the subnet')
  const text = formatCidr({ address: network, prefixLength: cidr.prefixLength })
  const inside = { start: first, end: ipv4OfNumber(ipv4Number(broadcast) - 1) }
  const ranges =
    wanted.allocationPools === undefined
      ? ok(without(inside, gateway))
      : readRanges(wanted.allocationPools, { inside, gateway })
  return ranges.ok
    ? ok({ ipVersion: 4, cidr: text, gatewayIp: gateway, ranges: ranges.value })
    : ranges
}

/** A range without one address of it: up to two. */
function without({ start, end }: AddressRange, gateway: Ipv4 | null): readonly AddressRange[] {
  if (gateway === null) return [{ start, end }]
  const [from, at, to] = [ipv4Number(start), ipv4Number(gateway), ipv4Number(end)]
  const parts =
    at < from || at > to
      ? [[from, to]]
      : [
          [from, at - 1],
          [at + 1, to],
        ]
  return parts.flatMap(([first = 0, last = 0]) =>
    first > last ? [] : [{ start: ipv4OfNumber(first), end: ipv4OfNumber(last) }],
  )
}

function readRanges(
  given: readonly { readonly start: string; readonly end: string }[],
  { inside, gateway }: { readonly inside: AddressRange; readonly gateway: Ipv4 | null },
): Result<readonly AddressRange[], string> {
  const ranges: AddressRange[] = []
  for (const one of given) {
    const range = { start: parseIpv4(one.start), end: parseIpv4(one.end) }
    const { start, end } = range
    if (start === undefined || end === undefined || ipv4Number(start) > ipv4Number(end)) {
      return err('allocation_pools: wants ranges with start and end, IPv4 addresses')
    }
    const isInside = isIn(inside, start) && isIn(inside, end)
    if (!isInside) return err('allocation_pools: reach beyond the subnet')
    if (gateway !== null && isIn({ start, end }, gateway)) {
      return err('allocation_pools: hold the gateway')
    }
    if (ranges.some((other) => isIn(other, start) || isIn({ start, end }, other.start))) {
      return err('allocation_pools: overlap')
    }
    ranges.push({ start, end })
  }
  return ok(ranges)
}

function isIn({ start, end }: AddressRange, address: Ipv4): boolean {
  const number = ipv4Number(address)
  return number >= ipv4Number(start) && number <= ipv4Number(end)
}
