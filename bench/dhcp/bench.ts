/**
 * The DHCP and RA responder against its peers: a batched C responder of our own (the practical limit), ISC dhcpd, Kea and
 * dnsmasq, in network namespaces, with guests that check each answer (load.c). Servers run in turns; medians count.
 *
 *     node dist/bench/dhcp/bench.js [--quick] [--check] [--servers nfq-c,okeanid,dhcpd,kea,kea-file,dnsmasq,dnsmasq-file]
 *         [--topology veth,taps] [--trials rates,flat,start,add,burst,flood] [--modes dora,renew,rs]
 *         [--clients 1000] [--window 64] [--rounds 5] [--seconds 2] [--exclusive]
 *
 * Needs root, gcc, ip, taskset, and apt-get for peers that are not installed (they are unpacked into a cache, never
 * installed). The server has core 1, the guests have core 0. With --check it ends with 1 when a target is missed. With
 * --exclusive both run before everything else: for a machine that is not the bench's own, and that others then wait for.
 */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { printTable } from '../harness.js'
import type { Topology } from './clients.js'
import { okeanid } from './okeanid.js'
import { dhcpd, dnsmasq, dnsmasqWithFile, kea, keaWithFile, nfqC } from './peers.js'
import { type Mode, measureRates, rateHead, rateRows, type Sample, summarize } from './rates.js'
import type { ServerKind } from './server.js'
import { openStage, type Stage } from './stage.js'
import { type Findings, judge } from './targets.js'
import { trialAdd, trialBurst, trialFlood, trialStart } from './trials.js'

type Trial = 'rates' | 'flat' | 'start' | 'add' | 'burst' | 'flood'

const allKinds = [nfqC, okeanid, dhcpd, kea, keaWithFile, dnsmasq, dnsmasqWithFile]
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    exclusive: { type: 'boolean', default: false },
    servers: { type: 'string', default: allKinds.map(({ name }) => name).join() },
    topology: { type: 'string', default: 'veth,taps' },
    trials: { type: 'string', default: 'rates,flat,start,add,burst,flood' },
    modes: { type: 'string', default: 'dora,renew,rs' },
    clients: { type: 'string', default: '1000' },
    window: { type: 'string', default: '64' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
  },
})
const rounds = Number(values.rounds ?? (values.quick ? 2 : 5))
const seconds = Number(values.seconds ?? (values.quick ? 0.5 : 2))
const clientCount = Number(values.clients)
const window = Number(values.window)
const kinds = pick(values.servers, allKinds, ({ name }) => name)
const queueing = kinds.filter(({ isQueueing }) => isQueueing)
const topologies = pick(values.topology, ['veth', 'taps'] as const, String)
const modes = pick(values.modes, ['dora', 'renew', 'rs'] as const, String)
const trials = pick(
  values.trials,
  ['rates', 'flat', 'start', 'add', 'burst', 'flood'] as const,
  String,
)
const has = (trial: Trial) => trials.includes(trial)
/** Bindings between which the cost of an exchange must not grow. */
const flatCounts = [100, 10_000] as const
const addCount = values.quick ? 8 : 40

process.once('SIGINT', () => process.exit(130)) // stages are taken down at the exit
process.once('SIGTERM', () => process.exit(143))

const failures: string[] = []
const findings: { -readonly [K in keyof Findings]: Findings[K][number][] } = {
  ...{ rates: [], flat: [], starts: [], adds: [], bursts: [], floods: [] },
}
tellLoad()
for (const topology of topologies) if (has('rates')) await benchRates(topology)
if (has('flat')) await benchFlat()
if (has('start') || has('add') || has('burst') || has('flood')) await benchTrials()
tellLoad()
if (values.check) check()

/** Picks from a list by the names in an argument; an unknown name is an error. */
function pick<T>(text: string, list: readonly T[], name: (item: T) => string): readonly T[] {
  return text.split(',').map((word) => {
    const item = list.find((candidate) => name(candidate) === word)
    if (item === undefined)
      throw new Error(`what is ${word}? Known are ${list.map(name).join(', ')}`)
    return item
  })
}

function stageOf(topology: Topology, count: number): Promise<Stage> {
  return openStage({ topology, clientCount: count, isExclusive: values.exclusive })
}

async function benchRates(topology: Topology): Promise<void> {
  using stage = await stageOf(topology, clientCount)
  const options = { kinds, modes, window, rounds, seconds, known: stage.clients }
  const samples = await measureRates(stage, options, tellFailure)
  for (const mode of modes) {
    const where = topology === 'veth' ? 'one veth' : `${clientCount} taps`
    const summaries = show(samples, mode, `${mode}, ${where}, ${clientCount} clients`)
    if (summaries.length > 0) findings.rates.push({ topology, mode, summaries })
  }
}

/** Few and many bindings in turns, so that a busy neighbour disturbs both. */
async function benchFlat(): Promise<void> {
  const samples = flatCounts.map((): Sample[] => [])
  using few = await stageOf('veth', flatCounts[0])
  using many = await stageOf('veth', flatCounts[1])
  for (let round = 0; round < rounds; round++) {
    for (const [index, stage] of [few, many].entries()) {
      const options = { kinds: queueing, modes: ['dora'] as const, window, rounds: 1, seconds }
      const found = await measureRates(stage, { ...options, known: stage.clients }, tellFailure)
      samples[index]?.push(...found)
    }
  }
  for (const [index, bindings] of flatCounts.entries()) {
    const summaries = show(samples[index] ?? [], 'dora', `dora, one veth, ${bindings} bindings`)
    findings.flat.push({ bindings, summaries })
  }
}

function show(samples: readonly Sample[], mode: Mode, title: string) {
  const summaries = summarize(samples.filter((sample) => sample.mode === mode))
  if (summaries.length > 0) {
    console.log(`\n${title}, window ${window}\n`)
    printTable(rateHead, rateRows(summaries))
  }
  return summaries
}

async function benchTrials(): Promise<void> {
  using stage = await stageOf('taps', clientCount)
  for (const kind of queueing) {
    const server = kind.name
    if (has('start'))
      await attempt(kind, async () => {
        findings.starts.push({ server, ...(await trialStart(stage, kind)) })
      })
    if (has('add') && server === okeanid.name)
      await attempt(kind, async () => {
        const costs = await trialAdd(stage, kind, addCount)
        findings.adds.push({ server, bindings: clientCount - addCount, ...costs })
      })
    if (has('burst'))
      await attempt(kind, async () => {
        findings.bursts.push({ server, ...(await trialBurst(stage, kind, 16_000)) })
      })
    if (has('flood'))
      await attempt(kind, async () => {
        const flood = { rate: 20_000, seconds: values.quick ? 2 : 5 }
        findings.floods.push({ server, ...(await trialFlood(stage, kind, flood)) })
      })
  }
  const titles = { starts: 'start', adds: 'one binding more', bursts: 'burst', floods: 'flood' }
  for (const key of ['starts', 'adds', 'bursts', 'floods'] as const) {
    const rows: readonly object[] = findings[key]
    const [first] = rows
    if (first === undefined) continue
    console.log(`\n${titles[key]}, ${clientCount} taps\n`)
    printTable(
      Object.keys(first),
      rows.map((row) => Object.values(row).map(round)),
    )
  }
}

function round(value: unknown): string {
  return typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(2) : String(value)
}

async function attempt(kind: ServerKind, trial: () => Promise<void>): Promise<void> {
  try {
    await trial()
  } catch (error) {
    tellFailure(kind.name, error instanceof Error ? error.message : String(error))
  }
}

/** Whoever reads the figures must know whether the machine was their own: above 2, times are not worth much. */
function tellLoad(): void {
  console.log(`\nload average of the last minute: ${loadavg()[0]?.toFixed(2)}`)
}

function tellFailure(server: string, reason: string): void {
  failures.push(`${server}: ${reason}`)
  console.log(`\n${server} is left out: ${reason}`)
}

function check(): void {
  const verdicts = judge(findings)
  console.log()
  for (const { isMet, what, measured, wanted } of verdicts)
    console.log(`${isMet ? 'pass' : 'FAIL'}  ${what}: ${measured} (wanted ${wanted})`)
  const isOursOut = failures.some((failure) => failure.startsWith(okeanid.name))
  if (isOursOut) console.log('FAIL  okeanid did not take part in all')
  if (isOursOut || verdicts.some(({ isMet }) => !isMet)) process.exitCode = 1
}
