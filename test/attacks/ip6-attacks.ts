import { linkLocalOfMac } from '#addr/eui64.js'
import { mac } from '../nic/rules/desired-nic.js'
import type { Attack } from './attack.js'
import { allNodes, disguises, frame6, icmpFrame, type Way } from './frame6.js'
import { type Bytes, fragment, icmp6, next, options, udp } from './frames.js'
import type { World } from './world.js'

const both = ['bridged', 'routed'] as const
const known = ['strict', 'prefix', 'learn'] as const
const third = '2001:db8:1::77'

function wayTo(world: World, from: string, to = world.victim.ip6): Way {
  return {
    from,
    to: { ip: to, mac: world.mode === 'bridged' ? world.victim.mac : world.gateway.mac },
  }
}

function datagram(
  world: World,
  way: Way,
  mark: string,
  ports: readonly [number, number] = [7, 7],
): Bytes {
  const over = { from: way.from, to: way.to.ip }
  const payload = udp({ from: ports[0], to: ports[1], payload: Buffer.from(mark), over })
  return frame6(world, way, { nextHeader: next.udp, payload })
}

/** IPv6: sources, servers, groups. */
export const ip6Attacks: readonly Attack[] = [
  {
    name: 'an IPv6 source of a third, to another guest',
    stops: ['ip6-source'],
    modes: both,
    policies: known,
    frames: (world, mark) => [datagram(world, wayTo(world, third), mark)],
  },
  {
    name: 'an IPv6 source of a third, to beyond the gateway',
    harm: 'a flood that seems to come from somebody else',
    stops: ['ip6-source'],
    modes: both,
    policies: known,
    frames: (world, mark) => [
      datagram(
        world,
        { from: third, to: { ip: '2001:db8:ffff::1', mac: world.gateway.mac } },
        mark,
      ),
    ],
    works: (world, mark) => world.beyond.count(mark) > 0,
  },
  {
    name: 'an IPv6 source of a third, to the host itself (INPUT)',
    harm: 'a service of the host hears from somebody that it trusts',
    stops: ['ip6-source'],
    modes: ['routed'],
    policies: known,
    frames: (world, mark) => [
      datagram(
        world,
        { from: '2001:db8:ffff::99', to: { ip: '2001:db8:3::2', mac: world.gateway.mac } },
        mark,
        [7, 7007],
      ),
    ],
    works: (world, mark) => world.hostHeard(mark),
  },
  {
    name: 'a later IPv6 fragment with the source of a third',
    stops: ['ip6-source'],
    policies: known,
    frames: (world, mark) => [
      frame6(world, wayTo(world, third), {
        nextHeader: next.fragment,
        payload: Buffer.concat([
          fragment({ nextHeader: next.udp, offset: 1232 }),
          Buffer.from(mark.padEnd(24)),
        ]),
      }),
    ],
  },
  {
    name: 'the gateway’s IPv6 source where nothing is known of IPv6',
    stops: ['gateway'],
    policies: ['open', 'prefix'],
    frames: (world, mark) => [datagram(world, wayTo(world, world.gateway.linkLocal), mark)],
  },
  ...(
    [
      ['a multicast', 'ff02::5'],
      ['a loopback', '::1'],
      ['an IPv4-compatible', '::192.0.2.1'],
      ['an IPv4-mapped', '::ffff:192.0.2.1'],
    ] as const
  ).map(
    ([name, from]): Attack => ({
      name: `${name} source where nothing is known of IPv6`,
      stops: ['ip6-source'],
      policies: ['open'],
      frames: (world, mark) => [datagram(world, wayTo(world, from), mark)],
    }),
  ),
  {
    name: 'a source made of another’s hardware address (EUI-64)',
    stops: ['ip6-source'],
    policies: ['strict', 'learn'],
    frames: (world, mark) => [
      datagram(world, wayTo(world, linkLocalOfMac(mac('02:00:00:00:00:42'))), mark),
    ],
  },
  {
    name: 'an IPv6 redirect',
    stops: ['redirect'],
    frames: (world, mark) => [
      icmpFrame(world, wayTo(world, world.attacker.linkLocal), {
        type: 137,
        body: Buffer.concat([Buffer.alloc(36), Buffer.from(mark)]),
      }),
    ],
  },
  ...disguises
    .filter(({ isFragmented }) => isFragmented === undefined) // the rest of it would be seen
    .map(
      ({ name, frames }): Attack => ({
        name: `an IPv6 redirect ${name}`,
        stops: ['redirect', 'nd-headers', 'ip6-fragment'],
        frames: (world, mark) => {
          const way = wayTo(world, world.attacker.linkLocal)
          const body = Buffer.concat([Buffer.alloc(36), Buffer.from(mark)])
          return frames(world, way, icmp6(137, body, { from: way.from, to: way.to.ip }))
        },
      }),
    ),
  {
    name: 'an MLD querier that draws all groups to itself',
    stops: ['multicast-router'],
    frames: (world, mark) => [
      frame6(
        world,
        { from: world.attacker.linkLocal, to: allNodes },
        {
          nextHeader: next.hopByHop,
          payload: Buffer.concat([
            options(next.icmp),
            icmp6(130, Buffer.concat([Buffer.alloc(20), Buffer.from(mark)]), {
              from: world.attacker.linkLocal,
              to: allNodes.ip,
            }),
          ]),
        },
      ),
    ],
  },
  {
    name: 'an advertisement of a multicast router (RFC 4286)',
    stops: ['multicast-router'],
    frames: (world, mark) => [
      icmpFrame(
        world,
        { from: world.attacker.linkLocal, to: { ip: 'ff02::6a', mac: '33:33:00:00:00:6a' } },
        { type: 151, body: Buffer.concat([Buffer.alloc(4), Buffer.from(mark)]) },
      ),
    ],
  },
  ...dhcp6Attacks(),
  {
    name: 'any IPv6 at all from a NIC without',
    stops: ['ip6-none', 'ether-type'],
    guard: () => ({ sources6: { policy: 'none' } }),
    frames: (world, mark) => [datagram(world, wayTo(world, world.attacker.linkLocal), mark)],
  },
]

/** A rogue DHCPv6 server, in all the shapes that an answer can have. */
function dhcp6Attacks(): readonly Attack[] {
  const attack = (
    name: string,
    wrap: (answer: Bytes) => { readonly nextHeader: number; readonly payload: Bytes },
  ): Attack => ({
    name,
    stops: ['dhcp6-server'],
    frames: (world, mark) => {
      const way = wayTo(world, world.attacker.linkLocal, world.victim.linkLocal)
      const answer = udp({
        from: 547,
        to: 546,
        payload: Buffer.from(mark.padEnd(24)),
        over: { from: way.from, to: way.to.ip },
      })
      return [frame6(world, way, wrap(answer))]
    },
  })
  return [
    attack('a rogue DHCPv6 server', (payload) => ({ nextHeader: next.udp, payload })),
    attack('a rogue DHCPv6 server behind destination options', (answer) => ({
      nextHeader: next.destination,
      payload: Buffer.concat([options(next.udp), answer]),
    })),
    attack('a rogue DHCPv6 server in the first of fragments', (answer) => ({
      nextHeader: next.fragment,
      payload: Buffer.concat([fragment({ nextHeader: next.udp, more: true }), answer]),
    })),
  ]
}
