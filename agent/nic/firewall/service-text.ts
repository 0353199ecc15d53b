import { parseCidr4, parseCidr6 } from '#addr/cidr.js'
import { parseIpv4 } from '#addr/ipv4.js'
import { parseIpv6 } from '#addr/ipv6.js'
import type { Service } from '#nic/desired.js'
import { err, ok, type Result } from '#result.js'

const wanted =
  'wants services like tcp/22, udp/5000-5010, tcp/443 from 192.0.2.0/24, or numbers of protocols'

/**
 * Reads services separated by commas: `tcp/22`, `udp/5000-5010`, `tcp` for all ports, `47` for a protocol without ports; each may
 * end with ` from ` and the network that may use it (several: one service each). `none` and nothing at all mean no service.
 */
export function parseServices(text: string): Result<readonly Service[], string> {
  const items = text.split(',').map((item) => item.trim())
  if (items.length === 1 && ['', 'none'].includes(items[0] ?? '')) return ok([])
  const services: Service[] = []
  for (const item of items) {
    const service = parseService(item)
    if (service === undefined) return err(`${wanted}; ${item === '' ? 'nothing' : item} is none`)
    services.push(service)
  }
  return services.length > maxServices ? err(`wants at most ${maxServices} services`) : ok(services)
}

/** Each is a rule that every packet of every guest with it may have to pass. */
const maxServices = 64

function parseService(item: string): Service | undefined {
  const [, door = '', from] = /^(\S+)(?:\s+from\s+(\S+))?$/.exec(item) ?? []
  const [, name = '', first, last] = /^([a-z]+|\d+)(?:\/(\d+)(?:-(\d+))?)?$/.exec(door) ?? []
  const protocol = protocolOf(name)
  if (protocol === undefined) return undefined
  const ports = first === undefined ? undefined : portsOf(first, last ?? first)
  if (first !== undefined && (ports === undefined || typeof protocol === 'number')) return undefined
  if (from === undefined) return { protocol, ports, sources: [] }
  const source = parseCidr4(from) ?? parseCidr6(from) ?? hostOf(from)
  return source && { protocol, ports, sources: [source] }
}

function protocolOf(name: string): Service['protocol'] | undefined {
  if (name === 'tcp' || name === 'udp' || name === 'sctp') return name
  const number = /^[1-9]\d{0,2}$/.test(name) ? Number(name) : 256
  return number < 256 ? (numbered.get(number) ?? number) : undefined
}

/** Protocols whose names say more than their numbers (IANA protocol numbers). */
const numbered = new Map<number, 'tcp' | 'udp' | 'sctp'>([
  [6, 'tcp'],
  [17, 'udp'],
  [132, 'sctp'],
])

function portsOf(first: string, last: string): Service['ports'] {
  const [low, high] = [Number(first), Number(last)]
  return low >= 1 && low <= high && high <= 65_535 ? { first: low, last: high } : undefined
}

function hostOf(text: string): Service['sources'][number] | undefined {
  const address4 = parseIpv4(text)
  if (address4 !== undefined) return { address: address4, prefixLength: 32 }
  const address6 = parseIpv6(text)
  return address6 && { address: address6, prefixLength: 128 }
}
