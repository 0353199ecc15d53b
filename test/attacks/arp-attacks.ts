import type { Attack } from './attack.js'
import { arp, type Bytes, broadcast, ethernet, etherType } from './frames.js'
import type { Party, World } from './world.js'

/** Where clouds answer their guests. */
export const metadata = '169.254.169.254'

/** Puts the truth into the victim's table, as if it had just talked to them; an entry of the same tick would not be replaced. */
async function knowTruth({ victim, gateway }: World): Promise<void> {
  await victim.space.sh(
    `ip neigh replace ${gateway.ip} lladdr ${gateway.mac} dev eth0 nud stale; sleep 0.02`,
  )
}

/** Whom the victim takes for the owner of an address. */
async function neighbour({ space }: Party, address: string): Promise<string | undefined> {
  const text = await space.sh(`ip neigh show ${address} dev eth0`)
  return /lladdr (\S+)/.exec(text)?.[1]
}

const poisoned =
  (address: (world: World) => string) =>
  async (world: World): Promise<boolean> =>
    (await neighbour(world.victim, address(world))) === world.attacker.mac

const gatewayIp = ({ gateway }: World): string => gateway.ip

/** What the attacker says by ARP, in a frame from its own address. */
function say(world: World, what: Parameters<typeof arp>[0], to = world.victim.mac): Bytes {
  return ethernet({ to, from: world.attacker.mac, type: etherType.arp, payload: arp(what) })
}

/** ARP: who has an address. */
export const arpAttacks: readonly Attack[] = [
  {
    name: 'ARP poisoning by a reply: the gateway is the attacker',
    harm: 'the victim sends all to the attacker',
    stops: ['arp-sender'],
    prepare: knowTruth,
    frames: (world) => [
      say(world, {
        sender: world.attacker.mac,
        senderIp: world.gateway.ip,
        target: world.victim.mac,
        targetIp: world.victim.ip,
      }),
    ],
    works: poisoned(gatewayIp),
  },
  {
    name: 'ARP poisoning by a request that comes from the gateway',
    harm: 'the victim sends all to the attacker',
    stops: ['arp-sender'],
    prepare: knowTruth,
    frames: (world) => [
      say(
        world,
        {
          op: 1,
          sender: world.attacker.mac,
          senderIp: world.gateway.ip,
          targetIp: world.victim.ip,
        },
        broadcast,
      ),
    ],
    works: poisoned(gatewayIp),
  },
  {
    name: 'ARP poisoning by gratuitous ARP',
    harm: 'the victim sends all to the attacker',
    stops: ['arp-sender'],
    prepare: knowTruth,
    frames: (world) => [
      say(
        world,
        {
          op: 1,
          sender: world.attacker.mac,
          senderIp: world.gateway.ip,
          targetIp: world.gateway.ip,
        },
        broadcast,
      ),
    ],
    works: poisoned(gatewayIp),
  },
  {
    name: 'gateway impersonation by ARP where Ganeti knows no address of the NIC',
    harm: 'the victim sends all to the attacker',
    stops: ['gateway'],
    guard: () => ({ sources4: undefined }),
    prepare: knowTruth,
    frames: (world) => [
      say(world, {
        sender: world.attacker.mac,
        senderIp: world.gateway.ip,
        target: world.victim.mac,
        targetIp: world.victim.ip,
      }),
    ],
    works: poisoned(gatewayIp),
  },
  {
    name: 'ARP that names another hardware address than the frame: traffic goes to a third',
    harm: 'the victim sends all to an address that nobody has',
    stops: ['arp-sender-mac'],
    guard: () => ({ sources4: undefined, gateways4: [] }),
    prepare: knowTruth,
    frames: (world) => [
      say(world, {
        sender: 'aa:00:00:99:99:99',
        senderIp: world.gateway.ip,
        target: world.victim.mac,
        targetIp: world.victim.ip,
      }),
    ],
    works: async (world) =>
      (await neighbour(world.victim, world.gateway.ip)) === 'aa:00:00:99:99:99',
  },
  {
    name: 'metadata impersonation: 169.254.169.254 is the attacker',
    harm: 'the victim asks the attacker for its keys',
    stops: ['arp-sender'],
    prepare: async ({ victim }) => {
      await victim.space.sh(
        `ip neigh replace ${metadata} lladdr 02:00:00:00:00:01 dev eth0 nud stale; sleep 0.02`,
      )
    },
    frames: (world) => [
      say(world, {
        sender: world.attacker.mac,
        senderIp: metadata,
        target: world.victim.mac,
        targetIp: world.victim.ip,
      }),
    ],
    works: poisoned(() => metadata),
  },
  {
    name: 'an ARP probe while the victim probes (RFC 5227): it gives its address up',
    stops: ['arp-probe'],
    frames: (world, mark) => [
      ethernet({
        to: broadcast,
        from: world.attacker.mac,
        type: etherType.arp,
        payload: arp({
          op: 1,
          sender: world.attacker.mac,
          senderIp: '0.0.0.0',
          targetIp: world.victim.ip,
        }),
        mark,
      }),
    ],
  },
  {
    name: 'ARP of another hardware type',
    stops: ['arp-format'],
    frames: (world, mark) => [
      ethernet({
        to: broadcast,
        from: world.attacker.mac,
        type: etherType.arp,
        payload: arp({
          hardwareType: 6,
          sender: world.attacker.mac,
          senderIp: world.attacker.ip,
          targetIp: world.victim.ip,
        }),
        mark,
      }),
    ],
  },
  {
    name: 'proxy ARP: the host says that it has an address that is another’s',
    harm: 'the host answers for whatever its routes lead to',
    stops: ['arp-target'],
    modes: ['routed'],
    frames: (world) => [
      say(
        world,
        {
          op: 1,
          sender: world.attacker.mac,
          senderIp: world.attacker.ip,
          targetIp: '198.51.100.77',
        },
        broadcast,
      ),
    ],
    prepare: async ({ attacker }) => {
      answered = attacker.peer.countBytes(proxyAnswer)
      await Promise.resolve()
    },
    works: ({ attacker }) => attacker.peer.countBytes(proxyAnswer) > answered,
  },
]

/** An ARP reply of the host's, whose sender is the address in question. */
const proxyAnswer = Uint8Array.from([
  8, 0, 6, 4, 0, 2, 0xcc, 0x47, 0x52, 0x4e, 0x45, 0x54, 198, 51, 100, 77,
])
let answered = 0
