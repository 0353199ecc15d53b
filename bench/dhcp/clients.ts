/** One guest of the bench, as `load.c` makes it. */
export interface Client {
  readonly index: number
  /** The device on the server's side that its packets come in on. */
  readonly device: string
  readonly mac: string
  readonly ip: string
  /** Its /64, without the length. */
  readonly prefix6: string
  readonly hostname: string
  /** Name of its network, which some other clients share. */
  readonly network: string
}

/** One veth for all clients, or a tap for each. */
export type Topology = 'veth' | 'taps'

/** Address and prefix of the server; its network holds all clients. */
export const serverIp = '10.77.0.1'
export const network = { address: '10.77.0.0', mask: '255.255.0.0', length: 16 } as const
/** Hardware address of the server's end of the veth and of each tap: snf-network's constant. */
export const gatewayMac = 'cc:47:52:4e:45:54'
/** The router's link-local address that this hardware address gives. */
export const gatewayLinkLocal = 'fe80::ce47:52ff:fe4e:4554'
/** Queue numbers: nfdhcpd's. */
export const queues = { dhcp: 42, rs: 43 } as const
/** Name servers of every reply. */
export const nameservers = ['192.0.2.53', '192.0.2.54'] as const
export const nameservers6 = ['2001:db8:53::1'] as const
export const domain = 'vms.example'
export const leaseSeconds = 604_800

/** Clients of one network. */
const networkClients = 100

/** Client number `index`; `load.c` gives it the same addresses. */
export function clientAt(index: number, topology: Topology): Client {
  const hex = (value: number) => value.toString(16)
  const octets = [24, 16, 8, 0].map((shift) => (index >>> shift) & 255)
  const ip = 0x0a4d0100 + index
  const number = Math.floor(index / networkClients)
  return {
    index,
    device: topology === 'veth' ? 's0' : `tap${index}`,
    mac: ['aa', '00', ...octets.map((octet) => hex(octet).padStart(2, '0'))].join(':'),
    ip: [24, 16, 8, 0].map((shift) => (ip >>> shift) & 255).join('.'),
    prefix6: `2001:db8:${hex(number >>> 16)}:${hex(number & 0xffff)}::`,
    hostname: `vm${index}`,
    network: `net-${number}`,
  }
}

/** Clients 0 to `count` - 1. */
export function clientsOf(count: number, topology: Topology): readonly Client[] {
  return Array.from({ length: count }, (_, index) => clientAt(index, topology))
}
