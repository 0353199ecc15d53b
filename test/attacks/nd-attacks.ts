import { until } from '../support/until.js'
import type { Attack } from './attack.js'
import { allNodes, disguises, icmpFrame, markOption, type Way } from './frame6.js'
import { icmp6, linkAddress, ndBody, raBody, solicitedNode } from './frames.js'
import type { Party, World } from './world.js'

const known = ['strict', 'prefix', 'learn'] as const
const third = '2001:db8:1::77'
const thirdMac = '02:00:00:00:00:77'
const nobodysMac = 'aa:00:00:99:99:99'
const free = '2001:db8:1::d0d'

const override = 0x20

async function neighbour({ space }: Pick<Party, 'space'>, address: string, device = 'eth0') {
  const text = await space.sh(`ip -6 neigh show ${address} dev ${device}`)
  return /lladdr (\S+)/.exec(text)?.[1]
}

function toVictim({ attacker, victim }: World, from = attacker.linkLocal): Way {
  return { from, to: { ip: victim.linkLocal, mac: victim.mac } }
}

const know =
  (address: (world: World) => string, mac: (world: World) => string) =>
  async (world: World): Promise<void> => {
    await world.victim.space.sh(
      `ip -6 neigh replace ${address(world)} lladdr ${mac(world)} dev eth0 nud stale`,
    )
  }

/** Neighbour discovery: who has an address. */
export const ndAttacks: readonly Attack[] = [
  {
    name: 'neighbour advertisement with override: the gateway is the attacker',
    harm: 'the victim sends all to the attacker',
    stops: ['gateway', 'nd-target'],
    policies: ['strict', 'prefix', 'learn', 'open'],
    prepare: know(
      ({ gateway }) => gateway.linkLocal,
      ({ gateway }) => gateway.mac,
    ),
    frames: (world) => [
      icmpFrame(world, toVictim(world), {
        type: 136,
        body: ndBody(override, world.gateway.linkLocal, linkAddress(2, world.attacker.mac)),
      }),
    ],
    works: async ({ victim, gateway, attacker }) =>
      (await neighbour(victim, gateway.linkLocal)) === attacker.mac,
  },
  {
    name: 'neighbour advertisement with override: another guest is the attacker',
    harm: 'what the victim sends to a third goes to the attacker',
    stops: ['nd-target'],
    policies: known,
    prepare: know(
      () => third,
      () => thirdMac,
    ),
    frames: (world) => [
      icmpFrame(world, toVictim(world), {
        type: 136,
        body: ndBody(override, third, linkAddress(2, world.attacker.mac)),
      }),
    ],
    works: async ({ victim, attacker }) => (await neighbour(victim, third)) === attacker.mac,
  },
  {
    name: 'neighbour solicitation that comes from another guest, with the attacker’s hardware address',
    harm: 'what the victim sends to a third goes to the attacker',
    stops: ['ip6-source'],
    policies: known,
    prepare: know(
      () => third,
      () => thirdMac,
    ),
    frames: (world) => [
      icmpFrame(world, toVictim(world, third), {
        type: 135,
        body: ndBody(0, world.victim.linkLocal, linkAddress(1, world.attacker.mac)),
      }),
    ],
    works: async ({ victim, attacker }) => (await neighbour(victim, third)) === attacker.mac,
  },
  {
    name: 'neighbour solicitation that comes from the gateway where nothing is known of IPv6',
    harm: 'the victim sends all to the attacker',
    stops: ['gateway'],
    policies: ['open', 'prefix'],
    prepare: know(
      ({ gateway }) => gateway.linkLocal,
      ({ gateway }) => gateway.mac,
    ),
    frames: (world) => [
      icmpFrame(world, toVictim(world, world.gateway.linkLocal), {
        type: 135,
        body: ndBody(0, world.victim.linkLocal, linkAddress(1, world.attacker.mac)),
      }),
    ],
    works: async ({ victim, gateway, attacker }) =>
      (await neighbour(victim, gateway.linkLocal)) === attacker.mac,
  },
  ...(
    [
      ['an option', []],
      ['an option behind an unknown one', [Uint8Array.of(200, 1, 0, 0, 0, 0, 0, 0)]],
    ] as const
  ).map(
    ([name, before]): Attack => ({
      name: `another’s hardware address in ${name} of a solicitation: its traffic is drawn away`,
      stops: ['nd-option'],
      prepare: know(
        ({ attacker }) => attacker.linkLocal,
        ({ attacker }) => attacker.mac,
      ),
      frames: (world) => [
        icmpFrame(world, toVictim(world), {
          type: 135,
          body: ndBody(0, world.victim.linkLocal, ...before, linkAddress(1, nobodysMac)),
        }),
      ],
      works: async ({ victim, attacker }) =>
        (await neighbour(victim, attacker.linkLocal)) === nobodysMac,
    }),
  ),
  {
    name: 'another’s hardware address in an option of an advertisement',
    stops: ['nd-option'],
    prepare: know(
      ({ attacker }) => attacker.linkLocal,
      ({ attacker }) => attacker.mac,
    ),
    frames: (world) => [
      icmpFrame(world, toVictim(world), {
        type: 136,
        body: ndBody(override, world.attacker.linkLocal, linkAddress(2, nobodysMac)),
      }),
    ],
    works: async ({ victim, attacker }) =>
      (await neighbour(victim, attacker.linkLocal)) === nobodysMac,
  },
  {
    name: 'another’s hardware address in an option of a router solicitation: the router sends it there',
    stops: ['nd-option'],
    prepare: async ({ router }) => {
      await router.sh('ip -6 neigh flush dev pub')
    },
    frames: (world) => [
      icmpFrame(
        world,
        { from: world.attacker.linkLocal, to: { ip: 'ff02::2', mac: '33:33:00:00:00:02' } },
        {
          type: 133,
          body: Buffer.concat([Buffer.alloc(4), linkAddress(1, nobodysMac)]),
        },
      ),
    ],
    works: async ({ router, attacker }) =>
      (await neighbour({ space: router }, attacker.linkLocal, 'pub')) === nobodysMac,
  },
  ...(['advertisement', 'solicitation'] as const).map(
    (kind): Attack => ({
      name: `DAD denial by ${kind}: whatever address the victim tests is the attacker’s`,
      harm: 'the victim has no address',
      stops: ['nd-target', 'nd-probe', 'learn-taken', 'learn-tentative'],
      policies: known,
      prepare: async ({ victim }) => {
        await victim.space.sh(`
          sysctl -qw net.ipv6.conf.eth0.router_solicitation_delay=0
          ip -6 addr del ${free}/64 dev eth0 2>/dev/null || true`)
      },
      frames: () => [],
      act: async (world) => {
        const { attacker, victim } = world
        const group = solicitedNode(free)
        const before = attacker.peer.countBytes(ndBody(0, free))
        await victim.space.sh(`ip -6 addr add ${free}/64 dev eth0`)
        await until('the test of the victim', () =>
          attacker.peer.countBytes(ndBody(0, free)) > before ? true : undefined,
        )
        attacker.peer.send([
          kind === 'advertisement'
            ? icmpFrame(
                world,
                { from: attacker.linkLocal, to: allNodes },
                { type: 136, body: ndBody(override, free, linkAddress(2, attacker.mac)) },
              )
            : icmpFrame(world, { from: '::', to: group }, { type: 135, body: ndBody(0, free) }),
        ])
      },
      works: async ({ victim }) => {
        for (;;) {
          const text = await victim.space.sh(`ip -6 addr show dev eth0 to ${free}`)
          if (text.includes('dadfailed')) return true
          if (!text.includes('tentative')) return false
        }
      },
    }),
  ),
]

/** Whether the attacker is a default router of the victim's. */
async function isRouter({ attacker, victim }: World): Promise<boolean> {
  const routes = await victim.space.sh('ip -6 route show default')
  return routes.includes(`via ${attacker.linkLocal} `)
}

async function forgetRouters({ victim }: World): Promise<void> {
  await victim.space.sh(`
    sysctl -qw net.ipv6.conf.eth0.accept_ra=2
    ip -6 route flush default proto ra 2>/dev/null || true`)
}

/** Router advertisements, bare and in disguise. */
export const raAttacks: readonly Attack[] = [
  {
    name: 'a rogue router advertisement',
    harm: 'the attacker is the victim’s router',
    stops: ['router-advertisement'],
    policies: ['strict', 'prefix', 'learn', 'open'],
    prepare: forgetRouters,
    frames: (world) => [
      icmpFrame(
        world,
        { from: world.attacker.linkLocal, to: allNodes },
        { type: 134, body: raBody(linkAddress(1, world.attacker.mac)) },
      ),
    ],
    works: isRouter,
  },
  ...disguises.map(
    ({ name, frames, isRefusedByLinux }): Attack => ({
      name: `a rogue router advertisement ${name}`,
      harm: 'the attacker is the victim’s router',
      stops: ['router-advertisement', 'nd-headers', 'ip6-fragment', 'ip6-malformed', 'ether-type'],
      prepare: forgetRouters,
      frames: (world, mark) => {
        const way = { from: world.attacker.linkLocal, to: allNodes }
        const body = raBody(linkAddress(1, world.attacker.mac), markOption(mark))
        return frames(world, way, icmp6(134, body, { from: way.from, to: way.to.ip }))
      },
      ...(isRefusedByLinux ? {} : { works: isRouter }),
    }),
  ),
  ...disguises.map(
    ({ name, frames, isRefusedByLinux }): Attack => ({
      name: `a neighbour advertisement for another guest ${name}`,
      harm: 'what the victim sends to a third goes to the attacker',
      stops: [
        'nd-target',
        'nd-option',
        'nd-headers',
        'ip6-fragment',
        'ip6-malformed',
        'ether-type',
      ],
      prepare: know(
        () => third,
        () => thirdMac,
      ),
      frames: (world, mark) => {
        const way = toVictim(world)
        const body = ndBody(override, third, linkAddress(2, world.attacker.mac), markOption(mark))
        return frames(world, way, icmp6(136, body, { from: way.from, to: way.to.ip }))
      },
      ...(isRefusedByLinux
        ? {}
        : {
            works: async ({ victim, attacker }: World) =>
              (await neighbour(victim, third)) === attacker.mac,
          }),
    }),
  ),
]
