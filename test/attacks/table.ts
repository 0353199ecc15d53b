import { readFileSync, writeFileSync } from 'node:fs'
import { arpAttacks } from './arp-attacks.js'
import { type Attack, type Outcome, tryAttack } from './attack.js'
import { filterAttacks } from './filter-attacks.js'
import { ip4Attacks } from './ip4-attacks.js'
import { ip6Attacks } from './ip6-attacks.js'
import { learnAttacks } from './learn-attacks.js'
import { linkAttacks } from './link-attacks.js'
import { ndAttacks, raAttacks } from './nd-attacks.js'
import { openWorld } from './world.js'

/** Tries all attacks and writes the table of docs/isolation.md: `node dist/test/attacks/table.js [docs/isolation.md]`. */
const groups: readonly (readonly [string, readonly Attack[]])[] = [
  ['Ethernet', linkAttacks],
  ['ARP', arpAttacks],
  ['IPv4', ip4Attacks],
  ['IPv6', ip6Attacks],
  ['Neighbour discovery', ndAttacks],
  ['Router advertisements and disguises', raAttacks],
  ['Learning', learnAttacks],
  ['MAC-filtered networks', filterAttacks],
]

const outcomes: Outcome[] = []
for (const mode of ['bridged', 'routed'] as const) {
  await using world = await openWorld(mode)
  for (const [, attacks] of groups) {
    for (const attack of attacks) {
      if (!(attack.modes ?? ['bridged']).includes(mode)) continue
      for (const policy of attack.policies ?? ['strict'])
        outcomes.push(await tryAttack(world, attack, policy))
    }
  }
}

const bad = outcomes.filter(({ worked, works, refused }) => !worked || works || refused === 0)
const text = [
  `${outcomes.length} tries of ${new Set(outcomes.map(({ attack }) => attack)).size} attacks; ${bad.length} not as they should be.`,
  ...groups.flatMap(([title, attacks]) => [
    '',
    `### ${title}`,
    '',
    '| attack | harm | mode | IPv6 policy | rules that stop it | without them | with them |',
    '|---|---|---|---|---|---|---|',
    ...attacks.map(row),
  ]),
].join('\n')

function row(attack: Attack): string {
  const own = outcomes.filter((outcome) => outcome.attack === attack)
  const each = (of: (outcome: Outcome) => string): string => [...new Set(own.map(of))].join(', ')
  const rules = attack.disarm === undefined ? attack.stops.join(', ') : 'the objection of the owner'
  return `| ${[
    attack.name,
    attack.harm ?? 'it reaches the victim',
    each(({ mode }) => mode),
    attack.policies === undefined ? '' : each(({ policy }) => policy),
    rules,
    each(({ worked }) => (worked ? 'works' : '**does not work**')),
    each(({ works, refused }) =>
      works ? '**works**' : refused > 0 ? 'stopped, counted' : '**not counted**',
    ),
  ].join(' | ')} |`
}

const [begin, end] = ['<!-- attacks -->', '<!-- /attacks -->']
const file = process.argv[2] ?? 'docs/isolation.md'
const page = readFileSync(file, 'utf8')
const [head] = page.split(begin)
const [, tail] = page.split(end)
if (head === undefined || tail === undefined) throw new Error(`${file} has no ${begin} .. ${end}`)
writeFileSync(file, `${head}${begin}\n\n${text}\n\n${end}${tail}`)
process.exitCode = bad.length === 0 ? 0 : 1
for (const { attack, mode, policy } of bad)
  process.stderr.write(`not as it should be: ${attack.name} (${mode}, ${policy})\n`)
