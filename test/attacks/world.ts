import { parseCidr6 } from '#addr/cidr.js'
import { linkLocalOfMac } from '#addr/eui64.js'
import type { DesiredNic, Guard, Sources6, Stance } from '#nic/desired.js'
import { nicRules } from '#nic/rules/nic-rules.js'
import type { Refusal } from '#nic/rules/reasons.js'
import { cidr4, cidr6, desiredNic, ipv4, ipv6, mac } from '../nic/rules/desired-nic.js'
import {
  beyond,
  type GuestNic,
  type NicMode,
  networks,
  openSite,
  type Site,
} from '../support/site.js'
import type { Space } from '../support/space.js'
import { ethernet, etherType, ip4, udp } from './frames.js'
import { openPeer, type Peer } from './peer.js'

/** How the attacker's IPv6 is kept. */
export type Policy = Exclude<Sources6['policy'], 'none'>

/** A guest with its addresses, and what it sees on its wire. */
export interface Party {
  readonly space: Space
  readonly peer: Peer
  readonly tap: string
  readonly mac: string
  readonly ip: string
  readonly ip6: string
  readonly linkLocal: string
}

/** A host with an attacker and a victim on taps of one kind, and what is beyond. */
export interface World extends AsyncDisposable {
  readonly mode: NicMode
  readonly site: Site
  readonly host: Space
  readonly router: Space
  readonly attacker: Party
  readonly victim: Party
  /** As guests see it. */
  readonly gateway: { readonly mac: string; readonly ip: string; readonly linkLocal: string }
  /** Somebody beyond, whom nobody guards: on the wire to the host. */
  readonly beyond: Peer
  /** Whether a service of the host, UDP 7007 on all addresses, has heard this. */
  readonly hostHeard: (mark: string) => boolean
  /** Puts all rules in place; `victim` for what stands on its tap. */
  readonly protect: (
    policy: Policy,
    changes?: {
      readonly attacker?: Partial<Guard>
      readonly victim?: Partial<Guard>
      readonly stance?: Stance
      /** What was learnt stays. */
      readonly keepsSets?: boolean
    },
  ) => Promise<void>
  /** Takes out the rules that name these reasons. */
  readonly unprotect: (reasons: readonly Refusal[]) => Promise<void>
  /** Runs a script of nft's on the host. */
  readonly load: (script: string) => Promise<void>
  /** Frames that rules with this reason have counted. */
  readonly refused: (reason: Refusal) => Promise<number>
  /** Everything that was sent before has arrived, or never will; the attacker's own traffic has passed, so it works. */
  readonly settle: () => Promise<void>
}

/** Says what it hears, from wherever that comes. */
const listener = `
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(('::', 7007))
print('ready', flush=True)
while True: print(s.recv(2048).decode(errors='replace'), flush=True)
`

/** A bridge sends what is for an address that it does not know to all, whatever an attack has made of its table. */
const nobody = '02:00:00:00:00:fe'

/** Makes a world. Guests have their addresses, and their kernels believe what old ones do. */
export async function openWorld(mode: NicMode): Promise<World> {
  const site = await openSite()
  try {
    const { host, router } = site
    const [attackerNic, victimNic] = [
      ...(await site.addGuest('attacker', { nics: [mode] })).nics,
      ...(await site.addGuest('victim', { nics: [mode] })).nics,
    ]
    if (attackerNic === undefined || victimNic === undefined) throw new Error('no NICs')
    const device = mode === 'bridged' ? 'pub' : 'transit'
    const routerMac = await macOf(router, device)
    const gatewayMac = mode === 'bridged' ? routerMac : attackerNic.hostMac
    const gateway = {
      mac: gatewayMac,
      ip: networks[mode].gateway,
      linkLocal: linkLocalOfMac(mac(gatewayMac)),
    }
    for (const nic of [attackerNic, victimNic])
      await nic.guest.sh(
        `${guestScript(nic)}\nip -6 route add default via ${gateway.linkLocal} dev eth0`,
      )
    await host.sh(
      'sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0; for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done',
    )
    const attacker = await partyOf(attackerNic)
    const victim = await partyOf(victimNic)
    const far = await openPeer(router, device)
    const hostMac = await macOf(host, mode === 'bridged' ? 'br0' : 'transit')
    const service = host.spawn(['python3', '-c', listener])
    await service.said(/ready/)
    let markCount = 0

    const load = async (space: Space, script: string): Promise<void> => {
      await space.sh(`nft -f - <<'END'\n${script}END`)
    }
    const world: World = {
      mode,
      site,
      host,
      router,
      attacker,
      victim,
      gateway,
      beyond: far,
      hostHeard: (mark) => service.text().includes(mark),
      async protect(policy, changes = {}) {
        await load(
          host,
          `${changes.keepsSets ? '' : 'add table netdev okeanid\ndelete table netdev okeanid\n'}${nicRules({ ...desiredOf(attacker, { mode, gateway, policy, guard: changes.attacker ?? {} }), stance: changes.stance ?? 'enforce' }).apply}${
            changes.victim === undefined
              ? ''
              : nicRules(desiredOf(victim, { mode, gateway, policy, guard: changes.victim })).apply
          }`,
        )
      },
      async unprotect(reasons) {
        const rules = (await rulesOf(host)).filter(({ comment }) =>
          (reasons as readonly string[]).includes(comment ?? ''),
        )
        const lines = rules.map(
          ({ family, chain, handle }) =>
            `delete rule ${family} okeanid ${chain} handle ${handle}\n`,
        )
        await load(host, lines.join(''))
      },
      load: (script) => load(host, script),
      async refused(reason) {
        const rules = (await rulesOf(host)).filter(({ comment }) => comment === reason)
        return rules.reduce((sum, { packets }) => sum + packets, 0)
      },
      async settle() {
        const mark = `settled-${markCount++}.`
        const payload = Buffer.from(mark)
        const out = ip4({
          from: attacker.ip,
          to: beyond.ip,
          payload: udp({ from: 9, to: 9, payload }),
        })
        attacker.peer.send([
          ethernet({
            to: mode === 'bridged' ? nobody : gateway.mac,
            from: attacker.mac,
            type: etherType.ip,
            payload: out,
          }),
        ])
        await far.saw(mark)
        const back = ip4({
          from: beyond.ip,
          to: victim.ip,
          payload: udp({ from: 9, to: 9, payload }),
        })
        far.send([
          ethernet({
            to: mode === 'bridged' ? nobody : hostMac,
            from: 'aa:00:00:00:01:f1', // a MAC filter lets it pass
            type: etherType.ip,
            payload: back,
          }),
        ])
        await victim.peer.saw(mark)
      },
      [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
    }
    return world
  } catch (error) {
    await site[Symbol.asyncDispose]()
    throw error
  }
}

async function partyOf(nic: GuestNic): Promise<Party> {
  return {
    space: nic.guest,
    peer: await openPeer(nic.guest, nic.device),
    tap: nic.tap,
    mac: nic.mac,
    ip: nic.ip,
    ip6: nic.ip6,
    linkLocal: linkLocalOfMac(mac(nic.mac)),
  }
}

function desiredOf(
  party: Party,
  {
    mode,
    gateway,
    policy,
    guard,
  }: {
    readonly mode: NicMode
    readonly gateway: World['gateway']
    readonly policy: Policy
    readonly guard: Partial<Guard>
  },
): DesiredNic {
  return desiredNic({
    tap: party.tap,
    hardware: party.mac,
    ip: party.ip,
    mode,
    guard: {
      sources4: [cidr4(`${party.ip}/32`)],
      gateways4: [ipv4(gateway.ip)],
      gateways6: [ipv6(gateway.linkLocal), ipv6(networks[mode].gateway6)],
      sources6: sources6Of(party, { mode, policy }),
      arpTargets: mode === 'routed' ? [cidr4(`${gateway.ip}/32`)] : undefined,
      ...guard,
    },
  })
}

/** Of a shared /64; its own prefix is the one address. */
function sources6Of(
  { ip6, linkLocal }: Party,
  { mode, policy }: { readonly mode: NicMode; readonly policy: Policy },
): Sources6 {
  const own = cidr6(`${ip6}/128`)
  const addresses = [cidr6(`${linkLocal}/128`), own]
  const shared = parseCidr6(networks[mode].subnet6)
  switch (policy) {
    case 'open':
      return { policy }
    case 'prefix':
      return { policy, prefixes: [own] }
    case 'strict':
      return { policy, addresses }
    case 'learn':
      return {
        policy,
        addresses,
        prefixes: shared === undefined ? [] : [shared],
        domain: 'br0',
        maxAddresses: 8,
      }
  }
}

interface Rule {
  readonly family: string
  readonly chain: string
  readonly handle: number
  readonly comment: string | undefined
  readonly packets: number
}

async function rulesOf(host: Space): Promise<readonly Rule[]> {
  const { nftables } = JSON.parse(await host.sh('nft -j list ruleset')) as {
    nftables: { rule?: Record<string, unknown> & { expr: { counter?: { packets: number } }[] } }[]
  }
  return nftables.flatMap(({ rule }) =>
    rule === undefined
      ? []
      : [
          {
            family: String(rule['family']),
            chain: String(rule['chain']),
            handle: Number(rule['handle']),
            comment: typeof rule['comment'] === 'string' ? rule['comment'] : undefined,
            packets: rule.expr.find(({ counter }) => counter !== undefined)?.counter?.packets ?? 0,
          },
        ],
  )
}

async function macOf(space: Space, device: string): Promise<string> {
  return (await space.sh(`cat /sys/class/net/${device}/address`)).trim()
}

/** Nothing is asked that the kernel of another guest would not do. */
function guestScript({ ip, gateway, ip6 }: GuestNic): string {
  return `
    sysctl -qw net.ipv6.conf.eth0.suppress_frag_ndisc=0 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0
    sysctl -qw net.ipv4.neigh.eth0.locktime=0 net.ipv4.conf.eth0.arp_accept=0
    ip addr add ${ip}/24 dev eth0
    ip route add default via ${gateway}
    ip -6 addr add ${ip6}/64 dev eth0 nodad
    while ip -6 addr show dev eth0 | grep -q tentative; do sleep 0.02; done`
}
