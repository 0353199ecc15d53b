import { printTable, quantile } from '../harness.js'
import { type BenchNode, variablesOf } from './node.js'
import { type Timed, timeIn } from './timed.js'

const clean = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }

/** What leaks from a noded that was started by hand on a machine where people also develop. */
const dirty = {
  ...clean,
  NODE_OPTIONS: '--max-old-space-size=2048',
  NODE_EXTRA_CA_CERTS: '/etc/ssl/certs/ca-certificates.crt',
}

/** Beyond all that are there; both modes. */
const bridged = 4000
const routed = 4001

const names = [
  'empty script',
  'empty script, dirty',
  'up, bridged',
  'up, routed',
  'up, bridged, dirty',
  'up, routed, another was there',
  'down, routed',
  'Ganeti, bridged',
  'Ganeti, routed',
] as const
type Name = (typeof names)[number]

/** How long `nic up` takes on nodes with more and more NICs, in turns with an empty script; times are of the same minute. */
export async function measureSetUp(nodes: readonly BenchNode[], rounds: number): Promise<void> {
  const times = new Map<string, number[]>()
  const key = (node: BenchNode, name: Name) => `${node.nicCount} ${name}`
  for (let round = -1; round < rounds; round++) {
    for (const node of nodes) {
      const results = await timeIn(node.space, jobsOf(node))
      if (round < 0) continue // files come from the disk
      for (const { name, tookMs } of results)
        if (name !== undefined) {
          const all = times.get(`${node.nicCount} ${name}`) ?? []
          times.set(`${node.nicCount} ${name}`, [...all, tookMs])
        }
    }
  }
  const of = (node: BenchNode, name: Name, share: number) =>
    quantile(times.get(key(node, name)) ?? [], share)
  const least = (node: BenchNode, name: Name) => of(node, name, 0)
  const rows = nodes.flatMap((node) =>
    names
      .filter((name) => times.has(key(node, name)))
      .map((name) => [
        node.nicCount,
        name,
        ms(least(node, name)),
        ms(of(node, name, 0.5)),
        ms(of(node, name, 0.9)),
        ms(of(node, name, 0.5) - of(node, 'empty script', 0.5)),
        ms(least(node, name) - least(node, 'empty script')),
      ]),
  )
  console.log(`\nTime of the hook, ms, ${rounds} rounds\n`)
  printTable(['NICs', 'what', 'min', 'p50', 'p90', 'p50 − empty', 'min − empty'], rows)
  const [fewest, most] = [nodes[0], nodes.at(-1)]
  if (fewest === undefined || most === undefined) return
  console.log(`\n${most.nicCount} NICs ÷ ${fewest.nicCount} (wanted: at most 1.2)\n`)
  printTable(
    ['what', 'p50', 'min'],
    names
      .filter((name) => name.startsWith('up') || name.startsWith('empty'))
      .map((name) => [
        name,
        (of(most, name, 0.5) / of(fewest, name, 0.5)).toFixed(2),
        (least(most, name) / least(fewest, name)).toFixed(2),
      ]),
  )
}

/** One round: each tap is new, and goes again. */
function jobsOf({ hooks, programs }: BenchNode): readonly Timed[] {
  const { empty, ganeti } = programs
  const node = [process.execPath, empty]
  const job = (name: Name | undefined, argv: readonly string[], env: Timed['env']): Timed => ({
    name,
    argv,
    env,
  })
  const ip = (...words: readonly string[]) => job(undefined, ['ip', ...words], clean)
  const newTap = (number: number) => ip('tuntap', 'add', 'dev', `tap${number}`, 'mode', 'tap')
  const dropTap = (number: number) => ip('link', 'del', 'dev', `tap${number}`)
  const env = (number: number, of: Timed['env']) => ({ ...of, ...variablesOf(number) })
  const another = {
    ...env(routed, clean),
    INSTANCE: 'another.example.com',
    INTERFACE_UUID: '00000000-0000-4000-8000-00000000000f',
  }
  const life = (name: Name, number: number, of: Timed['env']): readonly Timed[] => [
    newTap(number),
    job(name, [hooks.up], env(number, of)),
    dropTap(number),
    job(undefined, [hooks.down], env(number, of)),
  ]
  const theirs = (name: Name, number: number): readonly Timed[] =>
    ganeti === undefined
      ? []
      : [newTap(number), job(name, [ganeti], env(number, clean)), dropTap(number)]
  return [
    job('empty script', node, clean),
    ...life('up, bridged', bridged, clean),
    newTap(routed),
    job('up, routed', [hooks.up], env(routed, clean)),
    dropTap(routed), // up to Ganeti 3.1 nobody is told, and the next guest gets a tap of this name
    newTap(routed),
    job('up, routed, another was there', [hooks.up], another),
    dropTap(routed),
    job('down, routed', [hooks.down], another),
    job('empty script, dirty', node, dirty),
    ...life('up, bridged, dirty', bridged, dirty),
    ...theirs('Ganeti, bridged', bridged),
    ...theirs('Ganeti, routed', routed),
  ]
}

function ms(value: number): string {
  return value.toFixed(1)
}
