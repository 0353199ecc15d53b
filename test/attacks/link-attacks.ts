import type { Attack } from './attack.js'
import { broadcast, ethernet, etherType, ip4, udp } from './frames.js'
import type { World } from './world.js'

const both = ['bridged', 'routed'] as const

/** A datagram of the attacker's own to the victim, with the mark. */
function ownDatagram({ attacker, victim }: World, mark: string): Uint8Array {
  return ip4({
    from: attacker.ip,
    to: victim.ip,
    payload: udp({ from: 7, to: 7, payload: Buffer.from(mark) }),
  })
}

function toVictim({ mode, victim, gateway }: World): string {
  return mode === 'bridged' ? victim.mac : gateway.mac
}

async function fdb({ host }: World): Promise<string> {
  return await host.sh('bridge fdb show br br0')
}

/** Of Ethernet itself: sources, VLANs, other protocols, floods. */
export const linkAttacks: readonly Attack[] = [
  {
    name: 'another Ethernet source',
    stops: ['ethernet-source'],
    modes: both,
    frames: (world, mark) => [
      ethernet({
        to: toVictim(world),
        from: 'aa:00:00:99:99:99',
        type: etherType.ip,
        payload: ownDatagram(world, mark),
      }),
    ],
  },
  {
    name: 'the victim’s Ethernet source, so that the bridge sends its frames to the attacker',
    harm: 'the bridge has the victim at the attacker’s port',
    stops: ['ethernet-source'],
    prepare: async ({ host, victim }) => {
      await host.sh(`bridge fdb replace ${victim.mac} dev ${victim.tap} master dynamic`)
    },
    frames: ({ victim, gateway, attacker }, mark) => [
      ethernet({
        to: gateway.mac,
        from: victim.mac,
        type: etherType.ip,
        payload: ip4({
          from: attacker.ip,
          to: gateway.ip,
          payload: udp({ from: 7, to: 7, payload: Buffer.from(mark) }),
        }),
      }),
    ],
    // the victim is silent, so what is learnt stays
    works: async (world) =>
      new RegExp(`${world.victim.mac} dev ${world.attacker.tap} `).test(await fdb(world)),
  },
  {
    name: 'the gateway’s Ethernet source',
    stops: ['ethernet-source'],
    frames: (world, mark) => [
      ethernet({
        to: broadcast,
        from: world.gateway.mac,
        type: etherType.ip,
        payload: ownDatagram(world, mark),
      }),
    ],
  },
  {
    name: 'MAC flooding: 200 sources fill the bridge’s table',
    harm: 'the table has 200 entries of one port',
    stops: ['ethernet-source'],
    prepare: async ({ host, attacker }) => {
      await host.sh(`bridge fdb flush dev br0 2>/dev/null || ip link set ${attacker.tap} nomaster
        ip link set ${attacker.tap} master br0
        while [ "$(cat /sys/class/net/${attacker.tap}/brport/state)" != 3 ]; do sleep 0.01; done`)
    },
    frames: (world, mark) =>
      Array.from({ length: 200 }, (_, index) =>
        ethernet({
          to: broadcast,
          from: `02:00:00:00:01:${index.toString(16).padStart(2, '0')}`,
          type: etherType.ip,
          payload: ownDatagram(world, mark),
        }),
      ),
    works: async (world) =>
      (await fdb(world)).split('\n').filter((line) => line.startsWith('02:00:00:00:01:')).length >=
      200,
  },
  {
    name: 'a broadcast storm of 600 frames',
    harm: 'the victim has to take each of them',
    stops: ['group-rate'],
    guard: () => ({ groupRate: { perSecond: 10, burst: 50 } }),
    frames: (world, mark) =>
      Array.from({ length: 600 }, () =>
        ethernet({
          to: broadcast,
          from: world.attacker.mac,
          type: etherType.ip,
          payload: ownDatagram(world, mark),
        }),
      ),
    works: ({ victim }, mark) => victim.peer.count(mark) > 300,
  },
  {
    name: 'a multicast storm of 600 frames',
    harm: 'the victim has to take each of them',
    stops: ['group-rate'],
    guard: () => ({ groupRate: { perSecond: 10, burst: 50 } }),
    frames: (world, mark) =>
      Array.from({ length: 600 }, () =>
        ethernet({
          to: '01:00:5e:00:00:fb',
          from: world.attacker.mac,
          type: etherType.ip,
          payload: ip4({
            from: world.attacker.ip,
            to: '224.0.0.251',
            payload: udp({ from: 5353, to: 5353, payload: Buffer.from(mark) }),
          }),
        }),
      ),
    works: ({ victim }, mark) => victim.peer.count(mark) > 300,
  },
  ...vlanAttacks(),
  ...(
    [
      ['STP: a bridge that wants to be the root', '01:80:c2:00:00:00', 38],
      ['LLDP: a neighbour that switches believe', '01:80:c2:00:00:0e', 0x88cc],
      ['a frame of an unknown type', broadcast, 0x9000],
      ['PPPoE discovery: a rogue access concentrator', broadcast, 0x8863],
      ['802.1X', '01:80:c2:00:00:03', 0x888e],
    ] as const
  ).map(
    ([name, to, type]): Attack => ({
      name,
      stops: ['ether-type'],
      frames: ({ attacker }, mark) => [
        ethernet({
          to,
          from: attacker.mac,
          type,
          payload: Buffer.from(`${mark}${' '.repeat(30)}`),
        }),
      ],
      // bridges keep these groups to themselves unless told otherwise, as sites with LACP or LLDP in guests do
      prepare: async ({ host }) => {
        await host.sh('ip link set br0 type bridge group_fwd_mask 0xfff8')
      },
    }),
  ),
  {
    name: 'a RARP announcement of another’s hardware address',
    stops: ['rarp'],
    frames: ({ attacker, victim }, mark) => [
      ethernet({
        to: broadcast,
        from: attacker.mac,
        type: 0x8035,
        payload: Buffer.concat([
          Uint8Array.of(0, 1, 8, 0, 6, 4, 0, 3),
          Uint8Array.from(victim.mac.split(':'), (pair) => Number.parseInt(pair, 16)),
          new Uint8Array(14),
        ]),
        mark,
      }),
    ],
  },
]

/** Frames with tags, over a bridge that does not look at them. */
function vlanAttacks(): readonly Attack[] {
  const tagged = (
    name: string,
    tags: readonly { readonly type?: number; readonly id: number }[],
    guard: Attack['guard'] = undefined,
  ): Attack => ({
    name,
    stops: ['vlan', 'ether-type'],
    ...(guard === undefined ? {} : { guard }),
    frames: (world, mark) => [
      ethernet({
        to: world.victim.mac,
        from: world.attacker.mac,
        type: etherType.ip,
        tags,
        payload: ownDatagram(world, mark),
      }),
    ],
  })
  return [
    tagged('VLAN hopping by a tag', [{ id: 100 }]),
    tagged('VLAN hopping by two tags', [{ id: 1 }, { id: 100 }]),
    tagged(
      'VLAN hopping by a second tag behind one that is allowed',
      [{ id: 200 }, { id: 100 }],
      () => ({
        taggedVlans: [200],
      }),
    ),
    tagged('a priority tag, VLAN 0', [{ id: 0xe000 }]),
    tagged('a provider’s tag, 802.1ad', [{ type: etherType.qinq, id: 100 }]),
    tagged('a VLAN that others of the trunk have', [{ id: 300 }], () => ({ taggedVlans: [200] })),
  ]
}
