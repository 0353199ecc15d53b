/**
 * What a guest in each mode and behind each firewall profile gets and reaches, by real traffic: `mode-rows MODE..` prints a line of JSON for
 * each mode, profile and family, a {@link ModeRow}, and one that tells what the same tries come to where nothing keeps them, a
 * {@link ControlRow}. All but `routed` need Debian's own kernel (`lab rk`). test/tables/nic-modes.ts makes a table of it.
 */
import { addressesOf, doors, outside } from '../../kernel/firewall-world.js'
import type { Reacher } from '../../support/reach.js'
import {
  type Connected,
  elsewhereAddresses,
  openModeWorld,
  strangerAddresses,
  taggedAddresses,
} from './mode-world.js'
import { modes } from './modes.js'

type Family = 4 | 6

/** A row of docs/nic-modes.md. */
export type ModeRow = {
  /** A name of {@link modes}. */
  readonly mode: string
  readonly profile: string
  readonly family: Family
} & (
  | {
      /** What `nic up` said instead of setting the NIC up. */
      readonly refusal: string
    }
  | {
      readonly refusal: undefined
      /** Whether the guest is given its address: by DHCPv4, or the prefix of its address by a router advertisement. */
      readonly hasAddress: boolean
      /** What the guest reaches of the world. */
      readonly out: readonly string[]
      /** What the world, another guest, and the host reach of the guest. */
      readonly fromOutside: readonly string[]
      readonly fromNeighbour: readonly string[]
      readonly fromHost: readonly string[]
      /** What came through between the guest and what it has no business with: nothing, that is. */
      readonly leaks: readonly string[]
    }
)

/** What shows that the tries could have come through. */
export interface ControlRow {
  readonly mode: string
  readonly family: Family
  /** In the other network its own guest reaches its own host; undefined where there is none. */
  readonly inOther: readonly string[] | undefined
  /** What came through while the guest's NIC was only observed. */
  readonly observed: readonly string[]
}

const families = [4, 6] as const
const fewDoors = ['tcp/22', 'udp/53', 'icmp']

const words = process.argv.slice(2)
await using world = await openModeWorld({ patienceMs: 3000, onStep: note })
for (const word of words) {
  const mode = modes[word]
  if (mode === undefined) throw new Error(`no mode ${word}: ${Object.keys(modes).join(' ')}`)
  try {
    const connected = await world.connect(mode)
    for (const profile of ['unprotected', 'limited', 'protected', 'web'])
      for (const row of await rowsOf(connected, word, profile)) tell('row', row)
    for (const row of await controlsOf(connected, word)) tell('control', row)
  } catch (error) {
    // the others are measured all the same, and whoever reads this misses the rows
    note(`${word}: ${error instanceof Error ? error.stack : String(error)}`)
  }
}

/** Who waits for an emulated machine wants to see that it does something. */
function note(what: string): void {
  process.stdout.write(`# ${Math.round(performance.now() / 1000)} s: ${what}\n`)
}

function tell(what: string, value: ModeRow | ControlRow): void {
  process.stdout.write(`${what} ${JSON.stringify(value)}\n`)
}

async function rowsOf(
  world: Connected,
  mode: string,
  profile: string,
): Promise<readonly ModeRow[]> {
  const { code, text } = await world.setUp(`okeanid:firewall:0:${profile}`)
  if (code !== 0) {
    const refusal = text.trim()
    return families.map((family) => ({ mode, profile, family, refusal }))
  }
  const reached = await Promise.all(families.map((family) => reachedOf(world, family)))
  const disguised = await disguisedLeaks(world)
  return families.map((family, index) => {
    const { leaks = [], ...rest } = reached[index] ?? {}
    return {
      ...{ mode, profile, family, refusal: undefined, hasAddress: false },
      ...{ out: [], fromOutside: [], fromNeighbour: [], fromHost: [], ...rest },
      leaks: [...(text === '' ? [] : [text]), ...leaks, ...(disguised[index] ?? [])],
    }
  })
}

async function reachedOf(world: Connected, family: Family) {
  const { guest, neighbour, router, host, nic, mode } = world
  const address = addressesOf(nic)[family]
  const [hasAddress, out, fromOutside, fromNeighbour, fromHost, leaks] = await Promise.all([
    isGiven(world, family),
    guest.reaches(outside[family], doors),
    router.reaches(address, doors),
    neighbour.reaches(address, doors),
    mode.hasHost ? host.reaches(address, doors) : [],
    plainLeaks(world, family),
  ])
  return { hasAddress, out, fromOutside, fromNeighbour, fromHost, leaks }
}

async function isGiven({ nic }: Connected, family: Family): Promise<boolean> {
  const { guest, device, ip, ip6 } = nic
  const { code, text } = await guest.run(
    family === 4
      ? ['busybox', 'udhcpc', '-i', device, '-n', '-q', '-t', '5', '-T', '2', '-s', '/bin/true']
      : ['rdisc6', '-1', '-n', '-r', '8', '-w', '2000', device],
  )
  const prefix = ip6.split(':').slice(0, 3).join(':')
  return code === 0 && text.includes(family === 4 ? ip : `${prefix}::/64`)
}

/** A try that must come to nothing. */
interface Try {
  readonly what: string
  readonly by: Reacher
  readonly to: string
}

async function leaksOf(tries: readonly Try[]): Promise<readonly string[]> {
  const found = await Promise.all(
    tries.map(async ({ what, by, to }) => {
      const reached = await by.reaches(to, fewDoors)
      return reached.length === 0 ? [] : [`${what} (${reached.join(', ')})`]
    }),
  )
  return found.flat()
}

/** Between networks, and by tags that the guest puts on its frames itself. */
function plainLeaks({ guest, strangers, nic }: Connected, family: Family) {
  const address = addressesOf(nic)[family]
  const others: readonly Try[] =
    strangers === undefined
      ? []
      : [
          { what: 'to another network', by: guest, to: strangerAddresses[family] },
          { what: 'to another network, beyond', by: guest, to: elsewhereAddresses[family] },
          { what: 'from another network', by: strangers.guest, to: address },
          { what: 'from another network, beyond', by: strangers.beyond, to: address },
        ]
  return leaksOf([...others, { what: 'by tags', by: guest, to: taggedAddresses[family] }])
}

/** With a hardware address of the other network. */
function disguisedLeaks(world: Connected): Promise<readonly (readonly string[])[]> {
  const { guest, strangers } = world
  return world.disguised(() =>
    Promise.all(
      families.map((family) =>
        leaksOf([
          { what: 'disguised', by: guest, to: outside[family] },
          ...(strangers === undefined
            ? []
            : [
                { what: 'disguised, to another network', by: guest, to: strangerAddresses[family] },
                {
                  what: 'disguised, to another network, beyond',
                  by: guest,
                  to: elsewhereAddresses[family],
                },
              ]),
        ]),
      ),
    ),
  )
}

/** The same tries where only the network itself keeps them, no rule of ours. */
async function controlsOf(world: Connected, mode: string): Promise<readonly ControlRow[]> {
  const { code, text } = await world.setUp('okeanid:stance:observe')
  if (code !== 0 || text !== '') throw new Error(`nic up, observed: ${code} ${text}`)
  const plain = await Promise.all(families.map((family) => plainLeaks(world, family)))
  const disguised = await disguisedLeaks(world)
  const inOther = await Promise.all(
    families.map((family) => world.strangers?.guest.reaches(elsewhereAddresses[family], doors)),
  )
  return families.map((family, index) => ({
    ...{ mode, family, inOther: inOther[index] },
    observed: [...(plain[index] ?? []), ...(disguised[index] ?? [])],
  }))
}
