import { parseIfName } from '#addr/if-name.js'
import { baseChain, bothDowns, chainOf, type NftFamily, queueingPriority, setOf } from './nft.js'
import {
  entryChanges,
  entryKey,
  type QueuedService,
  type QueueEntry,
  type QueueNumbers,
  queuedServices,
  queueNumber,
} from './plan.js'

/** What a family has of ours. */
export interface NftState {
  /** One canonical line for the base chain and one a rule, in order. */
  readonly rules: readonly string[]
  readonly entries: ReadonlyMap<string, QueueEntry>
}

/** The canonical lines of rules that were put in place as they should be. */
function nftExpectedRules(numbers: QueueNumbers): readonly string[] {
  return [
    `${baseChain}: base filter prerouting ${queueingPriority} accept`,
    ...queuedServices.map(
      (service) => `${baseChain}: ${canonical[service]} goto ${chainOf(service)}`,
    ),
    ...queuedServices.flatMap((service) =>
      bothDowns.map(
        (whenDown) =>
          `${chainOf(service)}: meta.iifname=@${setOf(service, whenDown)} queue ${queueNumber(numbers, { service, whenDown })}${whenDown === 'pass' ? ' bypass' : ''}`,
      ),
    ),
  ]
}

/** What of ours an object of `nft -j list table` says; what others have in our table is not looked at. */
export function readNftListing(family: NftFamily, listing: unknown): NftState {
  const rules: string[] = []
  const byChain = new Map<string, string[]>()
  const entries = new Map<string, QueueEntry>()
  for (const item of asList(asRecord(listing)['nftables'])) {
    const { chain, rule, set } = asRecord(item)
    const { name, type, hook, prio, policy } = asRecord(chain)
    if (name === baseChain) rules.push(`${baseChain}: base ${type} ${hook} ${prio} ${policy}`)
    const { chain: owner, expr } = asRecord(rule)
    if (typeof owner === 'string' && isOurChain(owner)) {
      const line = `${owner}: ${asList(expr).flatMap(expressionText).join(' ')}`
      byChain.set(owner, [...(byChain.get(owner) ?? []), line])
    }
    for (const entry of elementsOf(family, asRecord(set))) entries.set(entryKey(entry), entry)
  }
  const chains = [baseChain, ...queuedServices.map(chainOf)]
  return { rules: [...rules, ...chains.flatMap((name) => byChain.get(name) ?? [])], entries }
}

/** What differs from what should be there, one sentence each; empty when all is as it should be. */
export function nftDrift(
  family: NftFamily,
  {
    state,
    numbers,
    entries,
  }: {
    readonly state: NftState
    readonly numbers: QueueNumbers
    readonly entries: ReadonlyMap<string, QueueEntry>
  },
): readonly string[] {
  const desired = new Map([...entries].filter(([, { place }]) => place === placeOf(family)))
  const { added, removed } = entryChanges(state.entries, desired)
  const expected = nftExpectedRules(numbers)
  const isSame =
    state.rules.length === expected.length &&
    expected.every((line, index) => line === state.rules[index])
  return [
    ...(isSame ? [] : [`rules of table ${family} okeanid are not as we made them`]),
    ...added.map((entry) => `missing: ${entryKey(entry)}`),
    ...removed.map((entry) => `too much: ${entryKey(entry)}`),
  ]
}

/** The place whose entries stand in a family's sets. */
function placeOf(family: NftFamily): QueueEntry['place'] {
  return family === 'bridge' ? 'bridged' : 'routed'
}

/** The same as nft tells it, without the protocols below, which it leaves out or not as it sees fit. */
const canonical: Readonly<Record<QueuedService, string>> = {
  dhcp4: 'udp.dport=67 ip.frag-off&8191=0',
  ra: 'icmpv6.type=nd-router-solicit',
  nd: 'icmpv6.type=nd-neighbor-solicit',
  dhcp6: 'udp.dport=547',
}

const impliedMatches = new Set(['ether.type', 'meta.protocol', 'meta.nfproto', 'meta.l4proto'])

function isOurChain(name: string): boolean {
  return name === baseChain || queuedServices.some((service) => chainOf(service) === name)
}

function expressionText(expression: unknown): readonly string[] {
  const { match, goto, queue, counter } = asRecord(expression)
  if (match !== undefined) {
    const { left, right } = asRecord(match)
    const name = operandText(left)
    const value =
      typeof right === 'string' || typeof right === 'number' ? right : JSON.stringify(right)
    return impliedMatches.has(name) ? [] : [`${name}=${value}`]
  }
  if (goto !== undefined) return [`goto ${asRecord(goto)['target']}`]
  if (queue !== undefined) {
    const { num, flags } = asRecord(queue)
    return [`queue ${num}`, ...(typeof flags === 'string' ? [flags] : asList(flags).map(String))]
  }
  return counter === undefined ? [JSON.stringify(expression)] : []
}

/** `udp.dport`, `meta.iifname`, `ip.frag-off&8191`; anything else as JSON. */
function operandText(operand: unknown): string {
  const { payload, meta, '&': masked } = asRecord(operand)
  const [value, mask] = asList(masked)
  if (value !== undefined) return `${operandText(value)}&${mask}`
  const { protocol, field } = asRecord(payload)
  if (payload !== undefined) return `${protocol}.${field}`
  return meta === undefined ? JSON.stringify(operand) : `meta.${asRecord(meta)['key']}`
}

function elementsOf(
  family: NftFamily,
  { name, elem }: Readonly<Record<string, unknown>>,
): readonly QueueEntry[] {
  const place = placeOf(family)
  for (const service of queuedServices) {
    for (const whenDown of bothDowns) {
      if (name !== setOf(service, whenDown)) continue
      return asList(elem).flatMap((element) => {
        const tap = typeof element === 'string' ? parseIfName(element) : undefined
        return tap === undefined ? [] : [{ place, service, whenDown, tap }]
      })
    }
  }
  return []
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
