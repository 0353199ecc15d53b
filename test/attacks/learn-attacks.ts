import { linkLocalOfMac } from '#addr/eui64.js'
import { chainNames } from '#nic/rules/names.js'
import { ifName, mac } from '../nic/rules/desired-nic.js'
import { until } from '../support/until.js'
import type { Attack } from './attack.js'
import { allNodes, frame6, icmpFrame, type Way } from './frame6.js'
import { type Bytes, linkAddress, ndBody, next, solicitedNode, udp } from './frames.js'
import type { Party, World } from './world.js'

const claimed = '2001:db8:1::c1a1'
const learnt = { policies: ['learn'] } as const

/** A guest's test whether an address is free. */
export function probe(
  world: Pick<World, 'attacker'>,
  { mac }: Pick<Party, 'mac'>,
  address: string,
): Bytes {
  const to = solicitedNode(address)
  return icmpFrame(world, { from: '::', to, ether: mac }, { type: 135, body: ndBody(0, address) })
}

/** A datagram to beyond the gateway. */
export function datagram(world: World, from: string, mark: string, ether = world.attacker.mac) {
  const way: Way = { from, to: { ip: '2001:db8:ffff::1', mac: world.gateway.mac }, ether }
  const over = { from, to: way.to.ip }
  const payload = udp({ from: 7, to: 7, payload: Buffer.from(mark), over })
  return frame6(world, way, { nextHeader: next.udp, payload })
}

/** Waits until no address is too fresh to be used, or none is being tested. */
export async function none({ host }: World, set: 'fresh' | 'tentative'): Promise<void> {
  await until(`no ${set} addresses`, async () => {
    const text = await host.sh(`nft list set netdev okeanid ${set}_br0`)
    return text.includes('elements') ? undefined : true
  })
}

/** How many addresses a guest has claimed. */
export async function claimCount({ host }: World, { mac }: Pick<Party, 'mac'>): Promise<number> {
  return (await host.sh('nft list set netdev okeanid claims_br0')).split(mac).length - 1
}

/** Policy learn: who came first. */
export const learnAttacks: readonly Attack[] = [
  {
    name: 'an address that the attacker has never tested',
    stops: ['ip6-source'],
    ...learnt,
    frames: (world, mark) => [datagram(world, claimed, mark)],
    works: (world, mark) => world.beyond.count(mark) > 0,
  },
  {
    name: 'an address in the moment after it was tested, before its owner could object',
    stops: ['learn-tentative'],
    ...learnt,
    frames: (world, mark) => [
      probe(world, world.attacker, claimed),
      datagram(world, claimed, mark),
    ],
    works: (world, mark) => world.beyond.count(mark) > 0,
  },
  {
    name: 'stealing an address that another guest of this host has claimed',
    stops: ['learn-taken', 'ip6-source'],
    ...learnt,
    victimGuard: () => ({
      sources6: {
        policy: 'learn',
        addresses: [],
        prefixes: [],
        domain: 'br0',
        maxAddresses: 8,
      },
    }),
    frames: () => [],
    act: async (world, mark) => {
      const { attacker, victim } = world
      const address = 'fe80::c1a1'
      victim.peer.send([probe(world, victim, address)])
      await world.settle()
      await none(world, 'fresh')
      attacker.peer.send([probe(world, attacker, address)])
      await world.settle()
      attacker.peer.send([
        frame6(
          world,
          { from: address, to: allNodes },
          {
            nextHeader: next.udp,
            payload: udp({
              from: 7,
              to: 7,
              payload: Buffer.from(mark),
              over: { from: address, to: allNodes.ip },
            }),
          },
        ),
      ])
    },
  },
  {
    name: 'claiming an address whose owner, on another host, objects',
    stops: [],
    counted: ['ip6-source'],
    ...learnt,
    disarm: ({ host, attacker }) =>
      host
        .sh(`nft flush chain netdev okeanid ${chainNames(ifName(attacker.tap)).watch}`)
        .then(() => {}),
    frames: () => [],
    act: async (world, mark) => {
      const { attacker, beyond } = world
      attacker.peer.send([probe(world, attacker, claimed)])
      await world.settle()
      const owner = '02:00:00:00:00:88'
      beyond.send([
        icmpFrame(
          world,
          { from: claimed, to: allNodes, ether: owner },
          { type: 136, body: ndBody(0x20, claimed, linkAddress(2, owner)) },
        ),
      ])
      await world.settle()
      await none(world, 'fresh')
      attacker.peer.send([datagram(world, claimed, mark)])
    },
    works: (world, mark) => world.beyond.count(mark) > 0,
  },
  {
    name: 'claiming more addresses than there is room for',
    harm: 'the table of the host is full, and nobody else can claim',
    stops: ['learn-full'],
    ...learnt,
    frames: (world) =>
      Array.from({ length: 40 }, (_, index) =>
        probe(world, world.attacker, `2001:db8:1::f:${index.toString(16)}`),
      ),
    works: async (world) => (await claimCount(world, world.attacker)) > 8,
  },
  {
    name: 'claiming what the hardware address of a neighbour makes, before the neighbour is there',
    harm: 'the neighbour finds its addresses taken',
    stops: ['nd-probe'],
    ...learnt,
    frames: (world) => [probe(world, world.attacker, linkLocalOfMac(mac('aa:00:00:99:99:99')))],
    works: async (world) => (await claimCount(world, world.attacker)) > 0,
  },
  {
    name: 'testing the gateway’s address: it gives it up',
    stops: ['gateway'],
    policies: ['learn', 'prefix', 'open'],
    frames: (world) => [probe(world, world.attacker, world.gateway.linkLocal)],
    prepare: ({ beyond, gateway, attacker }) => {
      gatewayProbes = countProbes({ beyond, gateway, attacker })
      return Promise.resolve()
    },
    works: (world) => countProbes(world) > gatewayProbes,
  },
  {
    name: 'learning an address that Ganeti has given to another NIC',
    stops: ['learn-taken', 'ip6-source', 'nd-target'],
    ...learnt,
    victimGuard: () => ({}),
    frames: () => [],
    act: async (world, mark) => {
      world.attacker.peer.send([probe(world, world.attacker, world.victim.ip6)])
      await world.settle()
      await none(world, 'fresh')
      world.attacker.peer.send([datagram(world, world.victim.ip6, mark)])
    },
    works: (world, mark) => world.beyond.count(mark) > 0,
  },
]

let gatewayProbes = 0

function countProbes({
  beyond,
  gateway,
  attacker,
}: Pick<World, 'beyond' | 'gateway' | 'attacker'>): number {
  const frame = probe({ attacker }, attacker, gateway.linkLocal)
  return beyond.countBytes(frame.subarray(54))
}
