import { type Ipv4, ipv4Bytes } from '#addr/ipv4.js'
import { type Ipv6, ipv6Bytes } from '#addr/ipv6.js'
import { err, ok, type Result } from '#result.js'
import { hookNics, hookWords } from './nics.js'

/** Which zones are kept, and how. Names without a dot at the end. */
export interface DnsZones {
  /** Host and, with a space, port of the server; empty for the one that the zone names. */
  readonly server: string
  readonly forward: readonly string[]
  readonly reverse: readonly string[]
  readonly ttlSeconds: number
}

/** A variable of a hook; undefined where it is not set. */
export type HookVariable = (name: string) => string | undefined

/**
 * What nsupdate(1) shall do after an operation on an instance, one command a line; none where no zone is concerned.
 *
 * The name gets exactly the addresses that Ganeti names for its NICs, and those that hosts make of hardware addresses in networks with
 * an IPv6 subnet; each address gets that name alone. Removing takes only what was the instance's own: its address may be another's by now.
 */
export function dnsCommands(
  variable: HookVariable,
  zones: DnsZones,
): Result<readonly string[], string> {
  const word = hookWords(variable)
  const [before, operation] = [word('INSTANCE_NAME'), word('HOOKS_PATH')]
  if (before === undefined || operation === undefined) return err('this is no hook of an instance')
  const after = operation === 'instance-remove' ? undefined : (word('INSTANCE_NEW_NAME') ?? before)
  for (const name of [before, after ?? before])
    if (!isHostName(name)) return err(`${JSON.stringify(name)} is no name of a host`)
  const addresses = new Set(hookNics(word).flatMap((nic) => nic.addresses))
  const changes = new Map<string, string[]>()
  const change = (zone: string | undefined, ...commands: readonly string[]): void => {
    if (zone !== undefined) changes.set(zone, [...(changes.get(zone) ?? []), ...commands])
  }
  for (const name of new Set([before, after ?? before])) {
    const zone = zoneOf(name, zones.forward)
    change(zone, `update delete ${name}. A`, `update delete ${name}. AAAA`)
    if (name !== after) continue
    for (const address of addresses)
      change(
        zone,
        `update add ${name}. ${zones.ttlSeconds} ${isIpv4(address) ? 'A' : 'AAAA'} ${address}`,
      )
  }
  for (const address of addresses) {
    const name = reverseName(address)
    const zone = zoneOf(name, zones.reverse)
    if (after === undefined) change(zone, `update delete ${name}. PTR ${before}.`)
    else
      change(
        zone,
        `update delete ${name}. PTR`,
        `update add ${name}. ${zones.ttlSeconds} PTR ${after}.`,
      )
  }
  const server = zones.server === '' ? [] : [`server ${zones.server}`]
  return ok(
    [...changes].flatMap(([zone, commands]) => [...server, `zone ${zone}.`, ...commands, 'send']),
  )
}

/** The name under which an address has its PTR record (RFC 1035 §3.5, RFC 3596 §2.5). */
export function reverseName(address: Ipv4 | Ipv6): string {
  if (isIpv4(address)) return `${[...ipv4Bytes(address)].reverse().join('.')}.in-addr.arpa`
  const nibbles = [...ipv6Bytes(address)].flatMap((byte) => [byte >> 4, byte & 15])
  return `${nibbles
    .reverse()
    .map((nibble) => nibble.toString(16))
    .join('.')}.ip6.arpa`
}

function isIpv4(address: Ipv4 | Ipv6): address is Ipv4 {
  return !address.includes(':')
}

/** Letters, digits, dashes in labels: nothing that nsupdate could take for more than a name. */
function isHostName(name: string): boolean {
  return name.length <= 253 && /^[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*$/.test(name)
}

/** The longest zone that a name lies in. */
function zoneOf(name: string, zones: readonly string[]): string | undefined {
  const lower = name.toLowerCase()
  return zones
    .filter((zone) => lower === zone.toLowerCase() || lower.endsWith(`.${zone.toLowerCase()}`))
    .toSorted((a, b) => b.length - a.length)[0]
}
