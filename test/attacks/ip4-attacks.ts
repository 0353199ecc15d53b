import { metadata } from './arp-attacks.js'
import type { Attack } from './attack.js'
import { type Bytes, broadcast, ethernet, etherType, icmp4, ip4, udp } from './frames.js'
import type { World } from './world.js'

const both = ['bridged', 'routed'] as const

function datagram(
  world: World,
  {
    from,
    to,
    mark,
    ports = [7, 7],
    ether,
  }: {
    readonly from: string
    readonly to: string
    readonly mark: string
    readonly ports?: readonly [number, number]
    readonly ether?: string
  },
): Bytes {
  return ethernet({
    to: ether ?? (world.mode === 'bridged' ? world.victim.mac : world.gateway.mac),
    from: world.attacker.mac,
    type: etherType.ip,
    payload: ip4({
      from,
      to,
      payload: udp({ from: ports[0], to: ports[1], payload: Buffer.from(mark) }),
    }),
  })
}

/** IPv4: sources, servers, fragments. */
export const ip4Attacks: readonly Attack[] = [
  {
    name: 'an IPv4 source of a third, to another guest',
    stops: ['ip4-source'],
    modes: both,
    frames: (world, mark) => [
      datagram(world, { from: '198.51.100.99', to: world.victim.ip, mark }),
    ],
  },
  {
    name: 'an IPv4 source of a third, to beyond the gateway',
    harm: 'a flood that seems to come from somebody else',
    stops: ['ip4-source'],
    modes: both,
    frames: (world, mark) => [
      datagram(world, {
        from: world.victim.ip,
        to: '198.51.100.1',
        mark,
        ether: world.gateway.mac,
      }),
    ],
    works: (world, mark) => world.beyond.count(mark) > 0,
  },
  {
    name: 'an IPv4 source of a third, to the host itself (INPUT)',
    harm: 'a service of the host hears from somebody that it trusts',
    stops: ['ip4-source'],
    modes: ['routed'],
    frames: (world, mark) => [
      datagram(world, {
        from: '198.51.100.99',
        to: '198.51.100.130',
        ports: [7, 7007],
        mark,
      }),
    ],
    works: (world, mark) => world.hostHeard(mark),
  },
  {
    name: 'the gateway’s IPv4 source where Ganeti knows no address of the NIC',
    stops: ['gateway'],
    guard: () => ({ sources4: undefined }),
    frames: (world, mark) => [
      datagram(world, { from: world.gateway.ip, to: world.victim.ip, mark }),
    ],
  },
  {
    name: 'a loopback source where Ganeti knows no address of the NIC',
    stops: ['ip4-source'],
    guard: () => ({ sources4: undefined }),
    frames: (world, mark) => [datagram(world, { from: '127.0.0.1', to: world.victim.ip, mark })],
  },
  {
    name: 'a multicast source where Ganeti knows no address of the NIC',
    stops: ['ip4-source'],
    guard: () => ({ sources4: undefined }),
    frames: (world, mark) => [datagram(world, { from: '224.0.0.9', to: world.victim.ip, mark })],
  },
  {
    name: 'LAND: source and destination are the victim',
    stops: ['ip4-source'],
    modes: both,
    frames: (world, mark) => [
      datagram(world, { from: world.victim.ip, to: world.victim.ip, mark }),
    ],
  },
  {
    name: 'smurf: an echo request to all that seems to come from the victim',
    stops: ['ip4-source'],
    frames: (world, mark) => [
      ethernet({
        to: broadcast,
        from: world.attacker.mac,
        type: etherType.ip,
        payload: ip4({
          from: world.victim.ip,
          to: '192.0.2.255',
          protocol: 1,
          payload: icmp4(8, 0, Buffer.from(`1234${mark}`)),
        }),
      }),
    ],
  },
  {
    name: 'metadata impersonation: an answer from 169.254.169.254',
    stops: ['ip4-source'],
    modes: both,
    frames: (world, mark) => [datagram(world, { from: metadata, to: world.victim.ip, mark })],
  },
  {
    name: 'an IPv4 redirect, from the attacker’s own address',
    stops: ['redirect'],
    modes: both,
    frames: (world, mark) => [
      ethernet({
        to: world.mode === 'bridged' ? world.victim.mac : world.gateway.mac,
        from: world.attacker.mac,
        type: etherType.ip,
        payload: ip4({
          from: world.attacker.ip,
          to: world.victim.ip,
          protocol: 1,
          payload: icmp4(5, 1, Buffer.from(`\xc0\x00\x02\x64${mark}`, 'latin1')),
        }),
      }),
    ],
  },
  {
    name: 'ICMPv4 router discovery (RFC 1256)',
    stops: ['router-discovery'],
    frames: (world, mark) => [
      ethernet({
        to: broadcast,
        from: world.attacker.mac,
        type: etherType.ip,
        payload: ip4({
          from: world.attacker.ip,
          to: '224.0.0.1',
          protocol: 1,
          payload: icmp4(9, 0, Buffer.from(`\x01\x02\x07\x08${mark}`, 'latin1')),
        }),
      }),
    ],
  },
  {
    name: 'an IGMP querier that draws all groups to itself',
    stops: ['multicast-router'],
    frames: (world, mark) => [
      ethernet({
        to: '01:00:5e:00:00:01',
        from: world.attacker.mac,
        type: etherType.ip,
        payload: ip4({
          from: world.attacker.ip,
          to: '224.0.0.1',
          protocol: 2,
          payload: Buffer.from(`\x11\x64\x00\x00\x00\x00\x00\x00${mark}`, 'latin1'),
        }),
      }),
    ],
  },
  {
    name: 'an advertisement of an IPv4 multicast router (RFC 4286), which draws all groups to itself',
    stops: ['multicast-router'],
    frames: (world, mark) => [
      ethernet({
        to: '01:00:5e:00:00:6a',
        from: world.attacker.mac,
        type: etherType.ip,
        payload: ip4({
          from: world.attacker.ip,
          to: '224.0.0.106',
          protocol: 2,
          payload: Buffer.from(`\x30\x14\x00\x00\x00\x00\x00\x00${mark}`, 'latin1'),
        }),
      }),
    ],
  },
  {
    name: 'a PIM hello that makes a bridge send it all groups',
    stops: ['multicast-router'],
    frames: (world, mark) => [
      ethernet({
        to: '01:00:5e:00:00:0d',
        from: world.attacker.mac,
        type: etherType.ip,
        payload: ip4({
          from: world.attacker.ip,
          to: '224.0.0.13',
          protocol: 103,
          payload: Buffer.from(`\x20\x00\x00\x00${mark}`, 'latin1'),
        }),
      }),
    ],
  },
  ...dhcpAttacks(),
  {
    name: 'a later IPv4 fragment with the source of a third',
    stops: ['ip4-source'],
    frames: (world, mark) => [
      ethernet({
        to: world.victim.mac,
        from: world.attacker.mac,
        type: etherType.ip,
        payload: ip4({
          from: world.gateway.ip,
          to: world.victim.ip,
          offset: 1480,
          payload: Buffer.from(mark),
        }),
      }),
    ],
  },
]

/** A rogue server, in all the shapes that an answer can have. */
function dhcpAttacks(): readonly Attack[] {
  const answer = (world: World, payload: Bytes, part: { offset?: number; more?: boolean } = {}) =>
    ethernet({
      to: world.mode === 'bridged' ? world.victim.mac : world.gateway.mac,
      from: world.attacker.mac,
      type: etherType.ip,
      payload: ip4({ from: world.attacker.ip, to: world.victim.ip, payload, ...part }),
    })
  return [
    {
      name: 'a rogue DHCP server',
      stops: ['dhcp4-server'],
      modes: both,
      frames: (world, mark) => [
        answer(world, udp({ from: 67, to: 68, payload: Buffer.from(mark) })),
      ],
    },
    {
      name: 'a rogue DHCP server from another port, with WPAD’s address',
      stops: ['dhcp4-server'],
      frames: (world, mark) => [
        answer(
          world,
          udp({ from: 1067, to: 68, payload: Buffer.from(`\xfc\x10http://${mark}`, 'latin1') }),
        ),
      ],
    },
    {
      name: 'a rogue DHCP server in tiny fragments: eight bytes in the first',
      stops: ['dhcp4-server'],
      frames: (world, mark) => {
        const whole = udp({ from: 67, to: 68, payload: Buffer.from(mark.padEnd(24)) })
        return [
          answer(world, whole.subarray(0, 8), { more: true }),
          answer(world, whole.subarray(8), { offset: 8 }),
        ]
      },
      // the rest passes, and nobody can put it together
      works: ({ victim }) => victim.peer.countBytes(tinyFragment) > tinyBefore,
      prepare: ({ victim }) => {
        tinyBefore = victim.peer.countBytes(tinyFragment)
        return Promise.resolve()
      },
    },
    {
      name: 'a rogue DHCP server behind an overlapping first fragment',
      stops: ['dhcp4-server'],
      frames: (world, mark) => [
        answer(world, udp({ from: 67, to: 7, payload: Buffer.alloc(16) }), { more: true }),
        answer(world, udp({ from: 67, to: 68, payload: Buffer.from(mark.padEnd(24)) }), {
          more: true,
        }),
      ],
    },
  ]
}

/** UDP from 67 to 68, 32 bytes long. */
const tinyFragment = Uint8Array.of(0, 67, 0, 68, 0, 32)
let tinyBefore = 0
