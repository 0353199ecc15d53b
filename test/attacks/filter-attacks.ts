import { ipv6Bytes } from '#addr/ipv6.js'
import type { Guard } from '#nic/desired.js'
import { ipv6, mac } from '../nic/rules/desired-nic.js'
import type { Attack } from './attack.js'
import { icmpFrame } from './frame6.js'
import {
  arp,
  type Bytes,
  broadcast,
  ethernet,
  etherType,
  ip4,
  ndBody,
  solicitedNode,
  udp,
} from './frames.js'
import type { World } from './world.js'

/** The victim's network has odd hardware addresses, the attacker's even ones; both are on one bridge. */
const macFilter: Guard['macFilter'] = {
  prefix: mac('00:00:00:00:00:01'),
  mask: mac('00:00:00:00:00:01'),
}

function own({ attacker, victim }: World, mark: string): Bytes {
  return ip4({
    from: attacker.ip,
    to: victim.ip,
    payload: udp({ from: 7, to: 7, payload: Buffer.from(mark) }),
  })
}

const ways: readonly (readonly [string, (world: World, mark: string) => Bytes])[] = [
  [
    'broadcast',
    (world, mark) =>
      ethernet({
        to: broadcast,
        from: world.attacker.mac,
        type: etherType.ip,
        payload: own(world, mark),
      }),
  ],
  [
    'multicast',
    (world, mark) =>
      ethernet({
        to: '01:00:5e:00:00:fb',
        from: world.attacker.mac,
        type: etherType.ip,
        payload: own(world, mark),
      }),
  ],
  [
    'unknown unicast',
    (world, mark) =>
      ethernet({
        to: '02:00:00:00:00:55',
        from: world.attacker.mac,
        type: etherType.ip,
        payload: own(world, mark),
      }),
  ],
  [
    'unicast to an address that somebody told',
    (world, mark) =>
      ethernet({
        to: world.victim.mac,
        from: world.attacker.mac,
        type: etherType.ip,
        payload: own(world, mark),
      }),
  ],
  [
    'ARP',
    ({ attacker, victim }, mark) =>
      ethernet({
        to: broadcast,
        from: attacker.mac,
        type: etherType.arp,
        payload: arp({
          op: 1,
          sender: attacker.mac,
          senderIp: attacker.ip,
          targetIp: victim.ip,
        }),
        mark,
      }),
  ],
]

/** From one network to another that shares the bridge. */
export const filterAttacks: readonly Attack[] = [
  ...ways.map(
    ([name, frame]): Attack => ({
      name: `crossing to a MAC-filtered network by ${name}`,
      stops: ['mac-filter'],
      victimGuard: () => ({ macFilter }),
      frames: (world, mark) => [frame(world, mark)],
    }),
  ),
  {
    name: 'crossing to a MAC-filtered network by neighbour discovery',
    stops: ['mac-filter'],
    victimGuard: () => ({ macFilter }),
    frames: (world, mark) => [
      icmpFrame(
        world,
        { from: world.attacker.linkLocal, to: solicitedNode(world.victim.linkLocal) },
        { type: 135, body: ndBody(0, targetOf(mark)) },
      ),
    ],
    works: ({ victim }, mark) => victim.peer.countBytes(ipv6Bytes(ipv6(targetOf(mark)))) > 0,
  },
  {
    name: 'crossing to a MAC-filtered network by a source of that network',
    stops: ['ethernet-source'],
    victimGuard: () => ({ macFilter }),
    frames: (world, mark) => [
      ethernet({
        to: broadcast,
        from: 'aa:00:00:00:01:13',
        type: etherType.ip,
        payload: own(world, mark),
      }),
    ],
  },
]

/** An address that is asked for in one try only: nothing behind the packet itself gets through br_netfilter. */
function targetOf(mark: string): string {
  return `fe80::abcd:${mark.replaceAll(/\D/g, '')}`
}
