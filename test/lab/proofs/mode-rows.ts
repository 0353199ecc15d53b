/**
 * What a guest behind each firewall profile gets and reaches, by real traffic: `mode-rows bridged|routed` prints one line of JSON for each
 * profile and family, a {@link ModeRow}. Bridges need Debian's own kernel (`lab rk`). test/tables/nic-modes.ts makes a table of it.
 */
import { startAgent } from '../../clients/agent.js'
import {
  addressesOf,
  doors,
  type FirewallWorld,
  openFirewallWorld,
  outside,
} from '../../kernel/firewall-world.js'

/** A row of docs/nic-modes.md. */
export interface ModeRow {
  readonly mode: 'bridged' | 'routed'
  readonly profile: string
  readonly family: 4 | 6
  /** Whether the guest is given its address: by DHCPv4, or the prefix of its address by a router advertisement. */
  readonly hasAddress: boolean
  /** What the guest reaches of the world. */
  readonly out: readonly string[]
  /** What the world, another guest, and the host reach of the guest. */
  readonly fromOutside: readonly string[]
  readonly fromNeighbour: readonly string[]
  readonly fromHost: readonly string[]
}

const mode = process.argv[2] === 'bridged' ? 'bridged' : 'routed'
const patienceMs = mode === 'bridged' ? 6000 : 2000

await using world = await openFirewallWorld(mode, { patienceMs })
const agent = await startAgent(world.site, { count: 2, deadlineMs: 180_000 })
await agent.nics.stop() // what it has put in place stays; the rules are this program's own
for (const profile of ['unprotected', 'limited', 'protected', 'web']) {
  await world.protect(profile)
  for (const family of [4, 6] as const) {
    const row = await rowOf(world, profile, family)
    process.stdout.write(`row ${JSON.stringify(row)}\n`)
  }
}
await agent.responder.stop()

async function rowOf(
  { guest, neighbour, router, host, nic }: FirewallWorld,
  profile: string,
  family: 4 | 6,
): Promise<ModeRow> {
  const address = addressesOf(nic)[family]
  const hasAddress = await isGiven(family)
  return {
    mode,
    profile,
    family,
    hasAddress,
    out: await guest.reaches(outside[family], doors),
    fromOutside: await router.reaches(address, doors),
    fromNeighbour: await neighbour.reaches(address, doors),
    // a host that has no address on the bridge is no part of its network
    fromHost: mode === 'bridged' ? [] : await host.reaches(address, doors),
  }
}

async function isGiven(family: 4 | 6): Promise<boolean> {
  const { guest, nic } = world
  const { device, ip, ip6 } = nic
  const { code, text } = await guest.space.run(
    family === 4
      ? ['busybox', 'udhcpc', '-i', device, '-n', '-q', '-t', '5', '-T', '2', '-s', '/bin/true']
      : ['rdisc6', '-1', '-n', '-r', '5', '-w', '2000', device],
  )
  const prefix = ip6.split(':').slice(0, 3).join(':')
  return code === 0 && text.includes(family === 4 ? ip : `${prefix}::/64`)
}
