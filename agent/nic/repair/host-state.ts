import { formatCidr } from '#addr/cidr.js'
import type { ProxyEntry, TapRoute } from '#nic/tap.js'

/** A network interface as it is. */
export interface ObservedLink {
  readonly ifindex: number
  readonly mac: string | undefined
  /** Bytes. */
  readonly mtu: number
  readonly isUp: boolean
  /** Bridge, bond or switch. */
  readonly master: string | undefined
}

/** What of a host repair compares with: each entry as one text, made by the functions below. */
export interface HostState {
  readonly links: ReadonlyMap<string, ObservedLink>
  /** {@link routeKey}; those of our protocol. */
  readonly routes: ReadonlySet<string>
  /** {@link lookupKey}; those of our protocol. */
  readonly lookups: ReadonlySet<string>
  /** {@link neighbourKey}; permanent ones. */
  readonly neighbours: ReadonlySet<string>
  /** {@link proxyKey}. */
  readonly proxies: ReadonlySet<string>
  /** {@link addressKey}; of IPv6. */
  readonly addresses: ReadonlySet<string>
  /** {@link vlanKey}; of ports of VLAN-aware bridges, where anybody asks. */
  readonly vlans: ReadonlySet<string>
}

/** Numbers of routing tables by their names. */
export type TableNumbers = ReadonlyMap<string, string>

/** The number of a table as text; undefined is the main one. */
export function tableNumber(table: string | undefined, numbers: TableNumbers): string {
  if (table === undefined) return '254'
  return numbers.get(table) ?? table
}

/** `100 10.0.0.5 - tap0` */
export function routeKey(
  { destination, via, table }: TapRoute,
  { tap, numbers }: { readonly tap: string; readonly numbers: TableNumbers },
): string {
  return [tableNumber(table, numbers), shortCidr(formatCidr(destination)), via ?? '-', tap].join(
    ' ',
  )
}

/** `6 tap0 100` */
export function lookupKey(family: 4 | 6, tap: string, table: string): string {
  return `${family} ${tap} ${table}`
}

/** `tap0 10.0.0.5 aa:00:00:00:00:01` */
export function neighbourKey(device: string, address: string, mac: string): string {
  return `${device} ${address} ${mac}`
}

/** `eth0 10.0.0.5` */
export function proxyKey({ address, device }: Pick<ProxyEntry, 'address' | 'device'>): string {
  return `${device} ${address}`
}

/** `tap0 fe80::1` */
export function addressKey(device: string, address: string): string {
  return `${device} ${address}`
}

/** `tap0 100 native` or `tap0 100 tagged` */
export function vlanKey(port: string, id: number, kind: 'native' | 'tagged'): string {
  return `${port} ${id} ${kind}`
}

/** A network as the kernel shows it: no length for one address. */
export function shortCidr(text: string): string {
  return text.replace(text.includes(':') ? /\/128$/ : /\/32$/, '')
}

/** Reads `/etc/iproute2/rt_tables`: a number and a name a line. */
export function parseTableNumbers(text: string): TableNumbers {
  return new Map(
    text.split('\n').flatMap((line) => {
      const [, number, name] = /^\s*(\d+)\s+([^\s#]+)/.exec(line) ?? []
      return number === undefined || name === undefined ? [] : [[name, number] as const]
    }),
  )
}
