import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { nicRules } from '#nic/rules/nic-rules.js'
import { ethernet, etherType, ip4, udp } from '../../test/attacks/frames.js'
import { cidr4, desiredNic } from '../../test/nic/rules/desired-nic.js'
import { openSite } from '../../test/support/site.js'
import { printTable, quantile } from '../harness.js'

/**
 * What rules cost between two guests of a bridge: `node dist/bench/isolation/bench.js [rounds] [seconds]` (root, gcc).
 *
 * Each layout is tried once a round, in turns; medians of the rounds count. The load runs under SCHED_RR, so that others who use
 * the machine wait for it.
 */
const rounds = Number(process.argv[2] ?? 3)
const seconds = Number(process.argv[3] ?? 0.3)
const nicCount = 1000
const exclusive = ['chrt', '--rr', '1']

await using site = await openSite()
const { host } = site
const [a] = (await site.addGuest('a', { nics: ['bridged'] })).nics
const [b] = (await site.addGuest('b', { nics: ['bridged'] })).nics
if (a === undefined || b === undefined) throw new Error('no NICs')
for (const { guest, ip } of [a, b]) await guest.sh(`ip addr add ${ip}/24 dev eth0`)
await a.guest.sh(`ip neigh replace ${b.ip} lladdr ${b.mac} dev eth0 nud permanent`)
await b.guest.sh(`ip neigh replace ${a.ip} lladdr ${a.mac} dev eth0 nud permanent`)
// their frames pass the same code; br_netfilter would hide what the rules cost behind iptables' hooks
await host.sh('echo 0 | tee /proc/sys/net/bridge/bridge-nf-call-* >/dev/null')

const rules = path.join(site.directory, 'rules')
const flood = path.join(site.directory, 'flood')
const source = fileURLToPath(new URL('../../../bench/isolation/flood.c', import.meta.url))
execFileSync('gcc', ['-O2', '-Wall', '-Wextra', '-o', flood, source])

const others = Array.from({ length: nicCount - 4 }, (_, index) => `tap${index + 100}`)
const pairs = others.flatMap((name, index) =>
  index % 2 === 0 ? [`link add ${name} type veth peer name tap${index + 101}`] : [],
)
await host.sh(`ip -batch - <<'END'\n${pairs.join('\n')}\nEND`)

/** Guests of a qemu, as taps; the two above have a kernel, for TCP. */
const qemu = [
  { tap: 'tap2', mac: 'aa:00:00:00:02:02', ip: '192.0.2.202' },
  { tap: 'tap3', mac: 'aa:00:00:00:02:03', ip: '192.0.2.203' },
] as const
for (const { tap } of qemu)
  await host.sh(`ip tuntap add ${tap} mode tap; ip link set ${tap} master br0 up`)

/** The guard of each NIC, those that talk last. */
const guards = [...others, ...[a, b, ...qemu].map(({ tap }) => tap)].map((tap, index) => {
  const own = [a, b, ...qemu].find((nic) => nic.tap === tap)
  const ip = own?.ip ?? `10.9.${index >> 8}.${index & 255}`
  const hardware = own?.mac ?? `aa:01:00:00:${hex(index >> 8)}:${hex(index & 255)}`
  const desired = desiredNic({ tap, hardware, ip, guard: { sources4: [cidr4(`${ip}/32`)] } })
  return { tap, script: nicRules(desired).apply }
})

/** The same rules, found as others do: in family bridge, by a chain for each tap. */
function dispatched(kind: 'vmap' | 'jumps'): string {
  const lines = guards.flatMap(({ tap, script }) => {
    const rules = script
      .split('\n')
      .filter((line) => line.startsWith(`add rule netdev okeanid from_${tap} `))
      .map((line) => line.replace('netdev', 'bridge'))
    const way =
      kind === 'vmap'
        ? `add element bridge okeanid from { "${tap}" : jump from_${tap} }`
        : `add rule bridge okeanid pre iifname "${tap}" jump from_${tap}`
    return [`add chain bridge okeanid from_${tap}`, ...rules, way]
  })
  return [
    'add table bridge okeanid',
    'add set bridge okeanid extension_headers { type inet_proto; }',
    'add element bridge okeanid extension_headers { 0, 43, 44, 51, 60, 135, 139, 140 }',
    'add set bridge okeanid plain_protocols { typeof @nh,72,8; }',
    'add element bridge okeanid plain_protocols { 6, 17 }',
    'add chain bridge okeanid pre { type filter hook prerouting priority -320; }',
    ...(kind === 'vmap'
      ? [
          'add map bridge okeanid from { type ifname : verdict; }',
          'add rule bridge okeanid pre iifname vmap @from',
        ]
      : []),
    ...lines,
    '',
  ].join('\n')
}

const ours = (count: number): string =>
  guards
    .slice(-count)
    .map(({ script }) => script)
    .join('')
const layouts = {
  'no rules': '',
  'netdev, 2 empty chains': qemu
    .map(
      ({ tap }) =>
        `add table netdev empty\nadd chain netdev empty ${tap} { type filter hook ingress device "${tap}" priority -500; }\n`,
    )
    .join(''),
  'netdev, 10 NICs': ours(10),
  [`netdev, ${nicCount} NICs`]: ours(nicCount),
  [`bridge, verdict map, ${nicCount} NICs`]: dispatched('vmap'),
  [`bridge, a jump each, ${nicCount} NICs`]: dispatched('jumps'),
}

const [from, to] = qemu
const frame = Buffer.from(
  ethernet({
    to: to.mac,
    from: from.mac,
    type: etherType.ip,
    payload: ip4({
      from: from.ip,
      to: to.ip,
      payload: udp({ from: 9, to: 9, payload: new Uint8Array(18) }),
    }),
  }),
).toString('hex')

const packets = new Map<string, number[]>()
const bits = new Map<string, number[]>()
for (let round = 0; round < rounds; round++) {
  for (const [name, script] of Object.entries(layouts)) {
    writeFileSync(rules, `flush ruleset\n${script}`)
    await host.sh(`nft -f ${rules}`)
    const { text: count } = await must(
      host.run([...exclusive, flood, 'taps', from.tap, to.tap, frame, String(seconds)]),
    )
    add(packets, name, Number(count) / seconds)
    const taker = b.guest.spawn([...exclusive, flood, 'take', '7'])
    await taker.said(/ready/)
    await must(a.guest.run([...exclusive, flood, 'send', b.ip, '7', String(seconds)]))
    const { text } = await taker.ended
    add(bits, name, (Number(text.split('\n')[1]) * 8) / seconds)
  }
}

printTable(
  [
    'rules',
    'packets/s, 60 bytes',
    'of none',
    'best rounds',
    'TCP, Gbit/s',
    'of none',
    'best rounds',
  ],
  Object.keys(layouts).map((name) => [
    name,
    Math.round(median(packets, name) / 1000) * 1000,
    ratio(packets, name),
    bestRatio(packets, name),
    (median(bits, name) / 1e9).toFixed(1),
    ratio(bits, name),
    bestRatio(bits, name),
  ]),
)

function add(all: Map<string, number[]>, name: string, value: number): void {
  all.set(name, [...(all.get(name) ?? []), value])
}

function median(all: ReadonlyMap<string, readonly number[]>, name: string): number {
  return quantile(all.get(name) ?? [], 0.5)
}

/** The median of what each round gives: both halves of a quotient are of the same minute. */
function ratio(all: ReadonlyMap<string, readonly number[]>, name: string): string {
  const none = all.get('no rules') ?? []
  const each = (all.get(name) ?? []).map((value, index) => value / (none[index] ?? Number.NaN))
  return quantile(each, 0.5).toFixed(2)
}

/** Of the rounds that others disturbed least. */
function bestRatio(all: ReadonlyMap<string, readonly number[]>, name: string): string {
  const best = (of: string): number => Math.max(...(all.get(of) ?? []))
  return (best(name) / best('no rules')).toFixed(2)
}

async function must(ended: Promise<{ readonly code: number | undefined; readonly text: string }>) {
  const { code, text } = await ended
  if (code !== 0) throw new Error(text)
  return { text }
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}
