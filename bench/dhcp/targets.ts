import type { Topology } from './clients.js'
import type { Mode, Summary } from './rates.js'
import type { AddCosts, BurstOutcome, FloodOutcome, StartTimes } from './trials.js'

/** All that a bench has measured. */
export interface Findings {
  readonly rates: readonly {
    readonly topology: Topology
    readonly mode: Mode
    readonly summaries: readonly Summary[]
  }[]
  readonly flat: readonly { readonly bindings: number; readonly summaries: readonly Summary[] }[]
  readonly starts: readonly (StartTimes & { readonly server: string })[]
  readonly adds: readonly (AddCosts & { readonly server: string; readonly bindings: number })[]
  readonly bursts: readonly (BurstOutcome & { readonly server: string })[]
  readonly floods: readonly (FloodOutcome & { readonly server: string })[]
}

/** One thing that was wanted, and whether it is so. */
export interface Verdict {
  readonly what: string
  readonly measured: string
  readonly wanted: string
  readonly isMet: boolean
}

const ours = 'okeanid'
const limit = 'nfq-c'
/** How many times the CPU of ours each peer must take. */
const leads = { dhcpd: 5, kea: 10, 'kea-file': 10, dnsmasq: 20, 'dnsmasq-file': 20 } as const

/** Compares what was measured with what is wanted of the responder; what was not measured is not judged. */
export function judge(findings: Findings): readonly Verdict[] {
  return [
    ...findings.rates.flatMap(judgeRates),
    ...judgeFlat(findings.flat),
    ...findings.starts
      .filter(({ server }) => server === ours)
      .map(({ allMs }) => atMost('all taps served after the start', allMs, 1000, 'ms')),
    ...judgeAdds(findings.adds),
    ...findings.bursts
      .filter(({ server }) => server === ours)
      .map(({ frames, answered }) =>
        atMost(`frames of ${frames} not answered after a pause`, frames - answered, 0, ''),
      ),
    ...findings.floods.filter(({ server }) => server === ours).flatMap(judgeFlood),
  ]
}

function judgeRates({ topology, mode, summaries }: Findings['rates'][number]): Verdict[] {
  const find = (name: string) => summaries.find(({ server }) => server === name)
  const own = find(ours)
  const best = find(limit)
  if (own === undefined) return []
  const where = `${mode}, ${topology}`
  const verdicts: Verdict[] = [atMost(`${where}: exchanges lost`, own.lost, 0, '')]
  if (best !== undefined)
    verdicts.push(
      atMost(`${where}: CPU ÷ C (good: 1.35)`, own.cpuUs / best.cpuUs, 2, ''),
      atMost(`${where}: p99 ÷ C`, own.p99Ms / best.p99Ms, 2, ''),
    )
  for (const [name, times] of Object.entries(leads)) {
    const peer = find(name)
    if (peer === undefined) continue
    const ofLimit = best === undefined ? '' : `, ÷ C: ${(peer.cpuUs / best.cpuUs).toFixed(2)}`
    verdicts.push(
      atLeast(`${where}: CPU of ${name} ÷ ours${ofLimit}`, peer.cpuUs / own.cpuUs, times),
    )
  }
  return verdicts
}

function judgeFlat(flat: Findings['flat']): Verdict[] {
  const of = (bindings: { readonly summaries: readonly Summary[] } | undefined) =>
    bindings?.summaries.find(({ server }) => server === ours)
  const few = flat[0]
  const many = flat.at(-1)
  const [a, b] = [of(few), of(many)]
  if (a === undefined || b === undefined || few === undefined || many === undefined) return []
  return [
    atMost(`CPU with ${many.bindings} ÷ ${few.bindings} bindings`, b.cpuUs / a.cpuUs, 1.15, ''),
    atMost(`RSS with ${many.bindings} bindings`, b.rssMebibytes * 1.048576, 100, 'MB'),
  ]
}

function judgeAdds(adds: Findings['adds']): Verdict[] {
  return adds
    .filter(({ server }) => server === ours)
    .map(({ bindings, cpuMs }) => atMost(`CPU of one binding over ${bindings}`, cpuMs, 1, 'ms'))
}

function judgeFlood(flood: FloodOutcome): Verdict[] {
  const times = flood.floodedP99Ms / flood.unloadedP99Ms
  return [
    atMost('exchanges lost beside a flood', flood.lost, 0, ''),
    atMost('p99 beside a flood ÷ unloaded', times, 5, ''),
  ]
}

function atMost(what: string, value: number, most: number, unit: string): Verdict {
  return {
    ...{ what, isMet: value <= most },
    ...{ measured: text(value, unit), wanted: `<= ${text(most, unit)}` },
  }
}

function atLeast(what: string, value: number, least: number): Verdict {
  return { what, isMet: value >= least, measured: text(value, ''), wanted: `>= ${least}` }
}

function text(value: number, unit: string): string {
  const number = Number.isInteger(value) ? String(value) : value.toFixed(2)
  return unit === '' ? number : `${number} ${unit}`
}
