import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseCidr6 } from '#addr/cidr.js'
import { eui64Address } from '#addr/eui64.js'
import { parseMac } from '#addr/mac.js'
import { openSpace, type Program, type Space } from './space.js'
import { temporaryFolder } from './temporary-folder.js'

/**
 * A Ganeti host, its guests, and the network beyond, in namespaces; the host ends of the guests' cables stand in for taps.
 *
 *     guest eth0 ── tapN ─┐ host                                       router
 *                         br0 ── uplink ───────────────── pub 192.0.2.1/24, 2001:db8:1::1/64
 *     guest eth0 ── tapN (routed)       transit ──────── transit
 *                   203.0.113.0/24, 2001:db8:2::/64        lo 198.51.100.1, 2001:db8:ffff::1: what guests ping
 */
export interface Site extends AsyncDisposable {
  readonly host: Space
  readonly router: Space
  /** Folder of the agent: configuration, `run`, `state`. */
  readonly directory: string
  readonly configFile: string
  /** Makes a guest with one NIC for each mode: first the binding, then the cable. */
  readonly addGuest: (name: string, options: GuestOptions) => Promise<Guest>
  /** Puts a binding in place, as `okeanid nic up` does: `changes` stand above what {@link GuestNic.binding} has. */
  readonly bind: (nic: GuestNic, changes?: Readonly<Record<string, unknown>>) => void
  readonly unbind: (nic: GuestNic) => void
  /** Makes the cable of a NIC anew, or for the first time: the tap has the same name and another index. */
  readonly plug: (nic: GuestNic) => Promise<void>
  /** Starts the agent as one role. */
  readonly startRole: (role: 'responder' | 'nics') => Program
}

/** How a guest is connected. */
export interface GuestOptions {
  /** The mode of each of its NICs. */
  readonly nics: readonly NicMode[]
  /** What stands above {@link GuestNic.binding} in the binding of each; undefined when nothing is known of it yet. */
  readonly binding?: Readonly<Record<string, unknown>> | undefined
}

/** What a tap is plugged into: the bridge, or nothing, when the host routes. */
export type NicMode = 'bridged' | 'routed'

/** A guest: a space whose eth0, eth1 .. lead to the host. */
export interface Guest {
  readonly space: Space
  readonly nics: readonly GuestNic[]
}

/** One NIC of a guest. */
export interface GuestNic {
  readonly guest: Space
  readonly device: string
  readonly tap: string
  readonly mode: NicMode
  readonly mac: string
  readonly ip: string
  readonly gateway: string
  /** The address that it makes itself of its hardware address. */
  readonly ip6: string
  /** The hardware address that answers of the host come from. */
  readonly hostMac: string
  readonly binding: Readonly<Record<string, unknown>>
}

/** What guests ping: it is beyond their gateway. */
export const beyond = { ip: '198.51.100.1', ip6: '2001:db8:ffff::1' } as const

/** The networks of Ganeti that a site has. */
export const networks = {
  bridged: {
    name: 'pub',
    subnet: '192.0.2.0/24',
    gateway: '192.0.2.1',
    subnet6: '2001:db8:1::/64',
    gateway6: '2001:db8:1::1',
    tags: [
      'nfdhcpd',
      'okeanid:dns:192.0.2.53',
      'okeanid:dns:2001:db8:1::53',
      'okeanid:ntp:192.0.2.123',
      'okeanid:mtu:1400',
      'okeanid:search:pub.example.com',
      'okeanid:route:10.99.0.0/16:192.0.2.9',
    ],
  },
  routed: {
    name: 'rt',
    subnet: '203.0.113.0/24',
    gateway: '203.0.113.1',
    subnet6: '2001:db8:2::/64',
    gateway6: '2001:db8:2::1',
    tags: [
      'nfdhcpd',
      'okeanid:dns:198.51.100.53',
      'okeanid:dns:2001:db8:ffff::53',
      'okeanid:ntp:198.51.100.123',
      'okeanid:mtu:1400',
      'okeanid:search:rt.example.com',
      'okeanid:route:10.99.0.0/16:203.0.113.9',
    ],
  },
} as const

/** `eth0` of the host is `transit`; a tap's own address is the same on every node. */
const hostMacs = { bridged: 'aa:00:00:00:b0:00', routed: 'cc:47:52:4e:45:54' } as const

const program = fileURLToPath(new URL('../../agent/bin/okeanid.js', import.meta.url))

/** Makes a site without guests. `config` stands below the sections that say where things are. */
export async function openSite(config = ''): Promise<Site> {
  const directory = temporaryFolder('site')
  const bindings = path.join(directory, 'run/nics')
  const configFile = path.join(directory, 'okeanid.ini')
  mkdirSync(bindings, { recursive: true })
  writeFileSync(
    configFile,
    `[agent]\nstate_directory = ${directory}/state\nruntime_directory = ${directory}/run\n${config}`,
  )
  const spaces: Space[] = []
  const add = async (name: string): Promise<Space> => {
    const space = await openSpace(name)
    spaces.push(space)
    return space
  }
  const close = async (): Promise<void> => {
    await Promise.all(spaces.map((space) => space[Symbol.asyncDispose]()))
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    const [host, router] = await Promise.all([add('host'), add('router')])
    await router.sh(routerScript(host))
    await host.sh(hostScript)
    let nicCount = 0
    const site: Site = {
      host,
      router,
      directory,
      configFile,
      async addGuest(name, options) {
        const { binding } = { binding: {}, ...options }
        const guest = await add(name)
        const nics = options.nics.map((mode, index) =>
          nicOf({ guest, mode, index, place: nicCount++ }),
        )
        for (const nic of nics) {
          if (binding !== undefined) site.bind(nic, binding)
          await site.plug(nic)
        }
        return { space: guest, nics }
      },
      bind(nic, changes = {}) {
        const file = path.join(bindings, `${nic.tap}.json`)
        writeFileSync(`${file}.new`, JSON.stringify({ ...nic.binding, ...changes }))
        renameSync(`${file}.new`, file)
      },
      unbind: ({ tap }) => rmSync(path.join(bindings, `${tap}.json`)),
      plug: async (nic) => void (await host.sh(plugScript(nic))),
      startRole: (role) =>
        host.spawn([process.execPath, program, 'agent', '--role', role, '--config', configFile]),
      [Symbol.asyncDispose]: close,
    }
    return site
  } catch (error) {
    await close()
    throw error
  }
}

function nicOf({
  guest,
  mode,
  index,
  place,
}: {
  readonly guest: Space
  readonly mode: NicMode
  readonly index: number
  readonly place: number
}): GuestNic {
  const { subnet, gateway, subnet6 } = networks[mode]
  const tap = `tap${place}`
  const mac = `aa:00:00:00:01:${(place + 0x10).toString(16)}`
  const ip = subnet.replace(/\d+\/\d+$/, String(place + 100))
  return {
    guest,
    device: `eth${index}`,
    tap,
    mode,
    mac,
    ip,
    gateway,
    ip6: ownAddress(subnet6, mac),
    hostMac: hostMacs[mode],
    binding: {
      version: 1,
      tap,
      mac,
      instance: `${guest.name}.example.com`,
      mode,
      link: mode === 'bridged' ? 'br0' : 'main',
      ip,
      nic: { index },
      network: networks[mode],
    },
  }
}

function ownAddress(subnet6: string, mac: string): string {
  const network = parseCidr6(subnet6)
  const address = parseMac(mac)
  const own = network && address && eui64Address(network, address)
  if (own === undefined) throw new Error(`${subnet6} and ${mac} make no address`)
  return own
}

function routerScript(host: Space): string {
  return `
    ip link add pub type veth peer name uplink netns ${host.pid}
    ip link add transit type veth peer name transit netns ${host.pid}
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    ip addr add ${beyond.ip}/32 dev lo
    ip addr add ${beyond.ip6}/128 dev lo
    ip addr add 192.0.2.1/24 dev pub
    ip addr add 2001:db8:1::1/64 dev pub nodad
    ip addr add 198.51.100.129/30 dev transit
    ip addr add 2001:db8:3::1/64 dev transit nodad
    ip link set pub up
    ip link set transit up
    ip route add 203.0.113.0/24 via 198.51.100.130
    ip -6 route add 2001:db8:2::/64 via 2001:db8:3::2`
}

const hostScript = `
  sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
  ip link add br0 address ${hostMacs.bridged} type bridge forward_delay 0 mcast_snooping 0
  ip link set uplink master br0 up
  ip link set br0 up
  ip addr add 198.51.100.130/30 dev transit
  ip addr add 2001:db8:3::2/64 dev transit nodad
  ip link set transit up
  while [ "$(cat /sys/class/net/uplink/brport/state)" != 3 ]; do sleep 0.01; done
  ip route add default via 198.51.100.129
  ip -6 route add default via 2001:db8:3::1`

/** What `okeanid nic up` and Ganeti's own script do for a tap; then waits until frames pass. */
function plugScript({ guest, device, tap, mode, mac, ip, ip6, hostMac }: GuestNic): string {
  const cable = `
    [ ! -e /sys/class/net/${tap} ] || ip link del dev ${tap}
    ip link add ${tap} type veth peer name ${device} address ${mac} netns ${guest.pid}
    nsenter -t ${guest.pid} -n ip link set ${device} up`
  const bridged = `
    ip link set ${tap} address fe${mac.slice(2)} master br0 up
    while [ "$(cat /sys/class/net/${tap}/brport/state)" != 3 ]; do sleep 0.01; done`
  const routed = `
    ip link set ${tap} address ${hostMac} up
    ip route add ${ip} dev ${tap}
    ip -6 route add ${ip6} dev ${tap}
    sysctl -qw net.ipv4.conf.${tap}.proxy_arp=1
    echo 0 >/proc/sys/net/ipv4/neigh/${tap}/proxy_delay`
  return `${cable}${mode === 'bridged' ? bridged : routed}
    while [ "$(cat /sys/class/net/${tap}/operstate)" != up ]; do sleep 0.01; done
    guest='nsenter -t ${guest.pid} -n -m'
    while [ "$($guest cat /sys/class/net/${device}/operstate)" != up ]; do sleep 0.01; done`
}
