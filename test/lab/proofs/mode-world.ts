import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseCidr6 } from '#addr/cidr.js'
import { eui64Address } from '#addr/eui64.js'
import { parseMac } from '#addr/mac.js'
import { type SiteAgent, startAgent } from '../../clients/agent.js'
import type { Reacher } from '../../support/reach.js'
import { networks, openSite, type Site } from '../../support/site.js'
import { openSpace, type Space } from '../../support/space.js'
import { until } from '../../support/until.js'
import {
  hostAddresses,
  type LinkWords,
  type Mode,
  macOf,
  modeConfig,
  strangeVlan,
} from './modes.js'

/** A host, its guests and what is beyond, whom one mode after another connects. */
export interface ModeWorld extends AsyncDisposable {
  /** Connects them anew, each guest by `okeanid nic up`; what connected them before is gone. */
  readonly connect: (mode: Mode) => Promise<Connected>
}

/** Guests that are connected in one mode, and all that they may and may not reach; everybody answers on all doors. */
export interface Connected {
  readonly mode: Mode
  readonly nic: ModeNic
  readonly guest: Reacher
  readonly neighbour: Reacher
  readonly router: Reacher
  readonly host: Reacher
  /** A guest of another network of the same host, and a host of that beyond the uplink. */
  readonly strangers: { readonly guest: Reacher; readonly beyond: Reacher } | undefined
  /** Sets the guest's NIC up anew with these tags of its instance. */
  readonly setUp: (tags: string) => Promise<{ readonly code: number | undefined; text: string }>
  /** Does something while the guest's frames come from a hardware address of the other network. */
  readonly disguised: <T>(act: () => Promise<T>) => Promise<T>
}

/** A NIC as its guest and Ganeti know it. */
export interface ModeNic {
  readonly guest: Space
  readonly tap: string
  /** What has the address: eth0, or its VLAN. */
  readonly device: string
  readonly mac: string
  readonly ip: string
  readonly ip6: string
  readonly variables: Readonly<Record<string, string>>
}

/** Addresses in the other network: of its guest, and of its host beyond. */
export const strangerAddresses = { 4: '192.0.2.150', 6: '2001:db8:1::150' } as const
export const elsewhereAddresses = { 4: '192.0.2.77', 6: '2001:db8:1::77' } as const
/** Who is in {@link strangeVlan}. */
export const taggedAddresses = { 4: '198.18.0.77', 6: '2001:db8:77::77' } as const

const ports = ['tcp/22', 'tcp/80', 'tcp/3389', 'udp/53']

/** Who the profile `web` knows: the router, the world and the host; not the neighbour. */
const friends = [
  ...['198.51.100.128/25', '2001:db8:3::/64', '192.0.2.1', '2001:db8:1::1'],
  ...Object.values(hostAddresses),
]
const webProfile = `[firewall web]\ninbound = ${['tcp/80', ...friends.map((from) => `udp/50-60 from ${from}`)].join(', ')}\n`

/** test/lab/reach.c, compiled. */
const reachProgram = fileURLToPath(new URL('../../../reach', import.meta.url))

const hook = fileURLToPath(new URL('../../../nic.cjs', import.meta.url))

/** An emulated machine needs its time. */
const deadlineMs = 300_000
const startAttempts = 3

/** Makes a world; whoever serves its guests runs as well. An emulated machine tells what it does, for that takes its time. */
export async function openModeWorld({
  patienceMs,
  onStep,
}: {
  readonly patienceMs: number
  readonly onStep: (what: string) => void
}): Promise<ModeWorld> {
  const site = await openSite(`${modeConfig}${webProfile}`)
  const opened: AsyncDisposable[] = [site]
  const close = async () => {
    for (const part of opened.toReversed()) await part[Symbol.asyncDispose]()
  }
  try {
    const open = async (name: string): Promise<Space> => {
      const space = await openSpace(name)
      opened.push(space)
      return space
    }
    const guests = [await open('guest'), await open('neighbour'), await open('stranger')] as const
    const elsewhere = await open('elsewhere')
    const agent = await startAgent(site, { count: 0, deadlineMs })
    opened.push(agent)
    const compiled = `${site.directory}/state/nics/config.json`
    const isCompiled = () => existsSync(compiled) || undefined
    await until('the compiled configuration', isCompiled, { deadlineMs })
    onStep('the agent runs')
    const reach = (space: Space) => openEmulated(space, patienceMs)
    const parts: Parts = {
      ...{ site, agent, elsewhere, guests, onStep },
      reachers: {
        guest: await reach(guests[0]),
        neighbour: await reach(guests[1]),
        stranger: await reach(guests[2]),
        elsewhere: await reach(elsewhere),
        router: await reach(site.router),
        host: await reach(site.host),
      },
    }
    onStep('all answer')
    let former: readonly ModeNic[] = []
    return {
      async connect(mode) {
        await unplug(parts, former)
        former = nicsOf(mode, guests)
        return await connected(mode, former, parts)
      },
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** A {@link Reacher} that costs an emulated processor next to nothing. */
async function openEmulated(space: Space, patienceMs: number): Promise<Reacher> {
  await space.spawn([reachProgram, 'serve', ...ports]).said(/^ready$/m, { deadlineMs })
  return {
    space,
    async reaches(address, doors) {
      const answered = new Set<string>()
      // what has not answered is asked once more: under load such a machine is late, or loses what it has no room for
      for (let round = 0; round < 2; round++) {
        const left = doors.filter((door) => !answered.has(door))
        if (left.length === 0) break
        const argv = [reachProgram, 'ask', address, String(patienceMs), ...left]
        const { code, text } = await space.run(argv)
        if (code !== 0) throw new Error(`${space.name}: ${text}`)
        for (const door of text.split('\n')) answered.add(door)
      }
      return doors.filter((door) => answered.has(door))
    },
  }
}

/** What a world is made of. */
interface Parts {
  readonly site: Site
  readonly agent: SiteAgent
  readonly elsewhere: Space
  readonly guests: Guests
  readonly reachers: Readonly<
    Record<'guest' | 'neighbour' | 'stranger' | 'elsewhere' | 'router' | 'host', Reacher>
  >
  readonly onStep: (what: string) => void
}

type Guests = readonly [guest: Space, neighbour: Space, stranger: Space]

async function connected(
  mode: Mode,
  nics: readonly ModeNic[],
  { site, agent, elsewhere, reachers, onStep }: Parts,
): Promise<Connected> {
  const pids = { elsewhere: elsewhere.pid }
  await site.router.sh(uplinkScript(site.host.pid))
  await site.host.sh(bridgeScript)
  await site.router.sh(mode.router(pids))
  await site.host.sh(mode.host(pids))
  if (mode.strangerLink !== undefined) await elsewhere.sh(addressScript('else', elsewhereAddresses))
  const [taggedSpace, taggedDevice] =
    mode.strangeVlanAt === 'router'
      ? ([site.router, 'strange'] as const)
      : ([elsewhere, 'else'] as const)
  await taggedSpace.sh(addressScript(taggedDevice, taggedAddresses))
  for (const nic of nics) {
    await plug(site, nic)
    const { code, text } = await start(site, nic)
    if (code !== 0 || text !== '') throw new Error(`nic up of ${nic.tap}: ${code} ${text}`)
    await configure(nic, mode)
  }
  const [nic] = nics
  if (nic === undefined) throw new Error('no guests')
  if (mode.isServed) await agent.serves(nics.length)
  onStep(`connected: ${mode.name}, queueing by ${await agent.manager()}`)
  const spaces = [site.host, site.router, elsewhere, ...nics.map(({ guest }) => guest)]
  const wear = async (mac: string): Promise<void> => {
    await nic.guest.sh(`ip link set ${nic.device} address ${mac}`)
    // what others remember of the guest would hide whether its frames come through
    await Promise.all(spaces.map((space) => space.sh('ip neigh flush all')))
  }
  const { guest, neighbour, router, host, stranger } = reachers
  return {
    ...{ mode, nic, guest, neighbour, router, host },
    strangers:
      mode.strangerLink === undefined ? undefined : { guest: stranger, beyond: reachers.elsewhere },
    setUp: (tags) => start(site, nic, tags),
    async disguised(act) {
      await wear(macOf('strange', 0x99))
      try {
        return await act()
      } finally {
        await wear(nic.mac)
      }
    },
  }
}

/**
 * Sets a NIC up. An emulated machine may need more time for nft or bridge than `nic up` gives them: then the start fails, and another one
 * is tried, as who starts an instance would.
 */
async function start(site: Site, nic: ModeNic, tags = ''): ReturnType<typeof runHook> {
  for (let attempt = 1; ; attempt++) {
    const ended = await runHook(site, nic, { verb: 'up', tags })
    if (attempt === startAttempts || !ended.text.includes('did not end within')) return ended
  }
}

/** The guests' instances end, and all that connected them goes: what `nic up` made must go by `nic down`. */
async function unplug({ site }: Parts, nics: readonly ModeNic[]): Promise<void> {
  for (const nic of nics) {
    await site.host.sh(`[ ! -e /sys/class/net/${nic.tap} ] || ip link del dev ${nic.tap}`)
    const { code, text } = await runHook(site, nic, { verb: 'down' })
    if (code !== 0 || text !== '') throw new Error(`nic down of ${nic.tap}: ${code} ${text}`)
  }
  await site.host.sh(`
    [ ! -S /run/openvswitch/db.sock ] || ovs-vsctl --timeout=60 --if-exists del-br ovs0
    for link in uplink uplink2 br0 br1; do
      [ ! -e /sys/class/net/$link ] || ip link del dev $link
    done
    left=$(ip -o link | grep -oE '^[0-9]+: (tap|prv|br|uplink)[^:@]*' || :)
    [ -z "$left" ] || { echo "left: $left"; exit 1; }`)
}

/** The router's place in the network of the guests, and the host's. */
function uplinkScript(host: number): string {
  return `
    ip link add pub type veth peer name uplink netns ${host}
    ip addr add 192.0.2.1/24 dev pub
    ip addr add 2001:db8:1::1/64 dev pub nodad
    ip link set pub up`
}

const bridgeScript = `
    ip link add br0 address aa:00:00:00:b0:00 type bridge forward_delay 0 mcast_snooping 0
    ip link set uplink master br0 up
    ip link set br0 up
    while [ "$(cat /sys/class/net/uplink/brport/state)" != 3 ]; do sleep 0.1; done`

function addressScript(device: string, addresses: Readonly<Record<4 | 6, string>>): string {
  return `
    ip link set ${device} up
    ip addr add ${addresses[4]}/24 dev ${device}
    ip addr add ${addresses[6]}/64 dev ${device} nodad`
}

function nicsOf(mode: Mode, [guest, neighbour, stranger]: Guests): readonly ModeNic[] {
  const { link, strangerLink } = mode
  return [
    nicOf(mode, { guest, number: 0, link }),
    nicOf(mode, { guest: neighbour, number: 1, link }),
    ...(strangerLink === undefined
      ? []
      : [nicOf(mode, { guest: stranger, number: 2, link: strangerLink })]),
  ]
}

function ownAddress4(subnet: string, number: number): string {
  return subnet.replace(/\d+\/\d+$/, String(100 + number))
}

function nicOf(
  mode: Mode,
  {
    guest,
    number,
    link,
  }: { readonly guest: Space; readonly number: number; readonly link: LinkWords },
): ModeNic {
  const isStranger = number === 2
  const network = link.MODE === 'routed' ? networks.routed : networks.bridged
  const tap = `tap${number}`
  const mac = macOf(isStranger ? 'strange' : 'own', 0x10 + number)
  const ip = isStranger ? strangerAddresses[4] : ownAddress4(network.subnet, number)
  const tags = [...network.tags, 'okeanid:ra', ...(mode.networkTags ?? [])]
  return {
    guest,
    tap,
    device: mode.guestVlan === undefined || isStranger ? 'eth0' : `eth0.${mode.guestVlan}`,
    mac,
    ip,
    ip6: isStranger ? strangerAddresses[6] : ownAddress(network.subnet6, mac),
    variables: {
      INSTANCE: `${guest.name}.example.com`,
      INTERFACE: tap,
      INTERFACE_INDEX: '0',
      INTERFACE_UUID: `00000000-0000-4000-8000-00000000001${number}`,
      MAC: mac,
      ...link,
      ...(link.MODE === 'bridged' ? { BRIDGE: link.LINK } : {}),
      IP: ip,
      NETWORK_NAME: isStranger ? 'other' : network.name,
      NETWORK_UUID: `00000000-0000-4000-8000-00000000002${isStranger ? 1 : 0}`,
      NETWORK_TAGS: tags.join(' '),
      NETWORK_SUBNET: network.subnet,
      NETWORK_GATEWAY: network.gateway,
      NETWORK_SUBNET6: network.subnet6,
      NETWORK_GATEWAY6: network.gateway6,
      ...(mode.isMacFiltered === true ? { NETWORK_MAC_PREFIX: mac.slice(0, 8) } : {}),
    },
  }
}

function ownAddress(subnet6: string, mac: string): string {
  const [network, address] = [parseCidr6(subnet6), parseMac(mac)]
  const own = network && address && eui64Address(network, address)
  if (own === undefined) throw new Error(`${subnet6} and ${mac} make no address`)
  return own
}

/** What Ganeti and QEMU do: a tap that is down, and a guest behind it. */
async function plug(site: Site, { guest, tap, mac }: ModeNic): Promise<void> {
  await site.host.sh(
    `ip link add ${tap} type veth peer name eth0 address ${mac} netns ${guest.pid}`,
  )
  await guest.sh(`
    sysctl -qw net.ipv6.conf.default.accept_ra=0
    sysctl -qw net.ipv6.conf.eth0.accept_ra=0
    ip link set eth0 up`)
}

async function runHook(
  { directory, host }: Site,
  { variables }: ModeNic,
  { verb, tags = '' }: { readonly verb: 'up' | 'down'; readonly tags?: string },
) {
  const places = ['--state-directory', `${directory}/state`]
  const more = ['--runtime-directory', `${directory}/run`, '--break-glass', `${directory}/none`]
  const argv = [process.execPath, hook, verb, ...places, ...more]
  return await host.run(argv, { env: { ...variables, TAGS: tags } })
}

/** The guest takes its addresses, and tests them as guests do: where they are learnt it is from that. */
async function configure(
  { guest, device, ip, ip6, variables: { MODE, NETWORK_GATEWAY = '' } }: ModeNic,
  { guestVlan }: Mode,
): Promise<void> {
  const isRouted = MODE === 'routed'
  const gateway6 = isRouted ? 'fe80::ce47:52ff:fe4e:4554' : networks.bridged.gateway6
  if (device !== 'eth0') {
    await guest.sh(`
      ip link add link eth0 name ${device} type vlan id ${guestVlan}
      ip link set ${device} up`)
  }
  await guest.sh(`
    ip addr add ${ip}/24 dev ${device}
    ip -6 addr add ${ip6}/${isRouted ? 128 : 64} dev ${device}
    for _ in $(seq 600); do
      [ -n "$(ip -6 addr show dev ${device} tentative)" ] || break
      sleep 0.1
    done
    [ -z "$(ip -6 addr show dev ${device} tentative)" ]
    ip route add default via ${NETWORK_GATEWAY} dev ${device}
    ip -6 route add default via ${gateway6} dev ${device}
    ip link add link eth0 name strange type vlan id ${strangeVlan}
    ip link set strange up
    ip route add ${taggedAddresses[4]} dev strange src ${ip}
    ip -6 route add ${taggedAddresses[6]} dev strange src ${ip6}`)
}
