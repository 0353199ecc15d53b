import { setTimeout as delay } from 'node:timers/promises'
import { quantile } from '../harness.js'
import type { Client } from './clients.js'
import { type ServerKind, startServer } from './server.js'
import type { Stage } from './stage.js'

/** What clients do: DISCOVER to ACK, unicast REQUEST to ACK, router solicitation to advertisement. */
export type Mode = 'dora' | 'renew' | 'rs'

/** One run of one server. */
export interface Sample {
  readonly server: string
  readonly mode: Mode
  readonly rate: number
  /** User and system time of the server for one exchange, microseconds. */
  readonly cpuUs: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly retries: number
  readonly lost: number
  readonly bad: number
  readonly rssMebibytes: number
  /** From the start of the process to the first client's address. */
  readonly firstMs: number
}

/** The medians of a server's samples. */
export interface Summary extends Sample {
  readonly runs: number
  readonly minRate: number
  readonly maxRate: number
  readonly minCpuUs: number
}

/** What is measured, and how long. */
export interface RateOptions {
  readonly kinds: readonly ServerKind[]
  readonly modes: readonly Mode[]
  readonly window: number
  readonly rounds: number
  readonly seconds: number
  /** The clients that servers are told of; those ask, too. */
  readonly known: readonly Client[]
}

/**
 * Runs servers in turns, A B C A B C, each started anew, and each mode with each of them.
 * A server that cannot take part is reported by `onFailure` and left out from then on.
 */
export async function measureRates(
  stage: Stage,
  options: RateOptions,
  onFailure: (server: string, reason: string) => void,
): Promise<readonly Sample[]> {
  const samples: Sample[] = []
  const out = new Set<string>()
  for (let round = 0; round < options.rounds; round++) {
    for (const kind of options.kinds.filter(({ name }) => !out.has(name))) {
      try {
        samples.push(...(await measureServer(stage, kind, options)))
      } catch (error) {
        out.add(kind.name)
        onFailure(kind.name, error instanceof Error ? error.message : String(error))
      }
    }
  }
  return samples
}

async function measureServer(
  stage: Stage,
  kind: ServerKind,
  { modes, window, seconds, known }: RateOptions,
): Promise<readonly Sample[]> {
  await using server = await startServer(stage, { kind, known, count: 1 })
  const samples: Sample[] = []
  for (const mode of modes.filter((wanted) => wanted !== 'rs' || kind.hasRa)) {
    const run = (runSeconds: number) =>
      stage.generator.run({ mode, window, seconds: runSeconds, count: known.length })
    await stage.generator.run({ mode, count: known.length, once: 1, seconds: 20 }) // what is made at a first packet
    await run(0.5) // compilers of functions
    await delay(50)
    const beforeMs = server.cpuMs()
    const result = await run(seconds)
    const { rate, p50Ms, p99Ms, retries, lost, bad, firstBad } = result
    if (bad > 0) throw new Error(`${bad} wrong answers in ${mode}: ${firstBad}`)
    samples.push({
      ...{ server: kind.name, mode, rate, p50Ms, p99Ms, retries, lost, bad },
      cpuUs: ((server.cpuMs() - beforeMs) * 1000) / result.total,
      rssMebibytes: server.rssMebibytes(),
      firstMs: server.firstMs,
    })
  }
  return samples
}

/** Medians by server, the fastest first. */
export function summarize(samples: readonly Sample[]): readonly Summary[] {
  const names = [...new Set(samples.map(({ server }) => server))]
  return names
    .map((name) => summarizeOne(samples.filter(({ server }) => server === name)))
    .toSorted((a, b) => a.cpuUs - b.cpuUs)
}

function summarizeOne(samples: readonly Sample[]): Summary {
  const [first] = samples
  if (first === undefined) throw new Error('no samples')
  const values = (key: 'rate' | 'cpuUs' | 'p50Ms' | 'p99Ms' | 'rssMebibytes' | 'firstMs') =>
    samples.map((sample) => sample[key])
  const middle = (key: Parameters<typeof values>[0]) => median(values(key))
  const sum = (key: 'retries' | 'lost' | 'bad') =>
    samples.reduce((total, sample) => total + sample[key], 0)
  return {
    ...{ server: first.server, mode: first.mode, runs: samples.length },
    ...{ rate: middle('rate'), cpuUs: middle('cpuUs') },
    ...{ p50Ms: middle('p50Ms'), p99Ms: middle('p99Ms') },
    ...{ rssMebibytes: middle('rssMebibytes'), firstMs: middle('firstMs') },
    ...{ retries: sum('retries'), lost: sum('lost'), bad: sum('bad') },
    minRate: Math.min(...values('rate')),
    maxRate: Math.max(...values('rate')),
    minCpuUs: Math.min(...values('cpuUs')),
  }
}

/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  if (sorted.length % 2 === 1) return quantile(sorted, 0.5)
  return ((sorted[half - 1] ?? Number.NaN) + (sorted[half] ?? Number.NaN)) / 2
}

/** The columns of a table of summaries; ratios are to `nfq-c`. */
export const rateHead = [
  ...['server', 'runs', 'rate/s', 'rate min..max', 'CPU µs/txn (min)', 'p50 ms', 'p99 ms'],
  ...['retries+lost', 'RSS MiB', 'startup ms', 'rate ÷ nfq-c', 'CPU ÷ nfq-c', 'p99 ÷ nfq-c'],
] as const

/** Rows for `rateHead`. */
export function rateRows(summaries: readonly Summary[]): readonly (readonly (string | number)[])[] {
  const limit = summaries.find(({ server }) => server === 'nfq-c')
  const ratio = (value: number, to: number | undefined) =>
    to === undefined ? '-' : (value / to).toFixed(2)
  return summaries.map((s) => [
    s.server,
    s.runs,
    s.rate.toFixed(0),
    `${s.minRate.toFixed(0)}..${s.maxRate.toFixed(0)}`,
    `${s.cpuUs.toFixed(1)} (${s.minCpuUs.toFixed(1)})`,
    s.p50Ms.toFixed(2),
    s.p99Ms.toFixed(2),
    s.retries + s.lost,
    s.rssMebibytes.toFixed(1),
    s.firstMs.toFixed(0),
    ratio(s.rate, limit?.rate),
    ratio(s.cpuUs, limit?.cpuUs),
    ratio(s.p99Ms, limit?.p99Ms),
  ])
}
