import { type IfName, parseIfName } from '#addr/if-name.js'
import { systemCode } from '#errors.js'
import { nftTable } from '#nic/queueing/nft.js'
import type { RefusalCount, RuleFamily, RulesByTap, TapRules } from '#nic/repair/tap-rules.js'
import { chainNames, shared, tapOfChain } from '#nic/rules/names.js'
import { textDigest } from '#nic/text-digest.js'
import { loadAddon, type NativeRuleset } from './native.js'

/** NFPROTO_ (linux/netfilter.h). */
export const familyNumbers: Readonly<Record<RuleFamily, number>> = { inet: 1, netdev: 5, bridge: 7 }

/** Maps that lead to chains of taps, and the base chains that look into them. */
const trunks = [
  { family: 'bridge', map: shared.toGuest, chains: [shared.forward, shared.output] },
  { family: 'inet', map: shared.toGuest, chains: [shared.forward, shared.output] },
  { family: 'inet', map: shared.fromGuest, chains: [shared.input] },
] as const satisfies readonly Trunk[]

interface Trunk {
  readonly family: RuleFamily
  readonly map: string
  readonly chains: readonly string[]
}

/** How often a question is asked anew when the rules changed while they were told. */
const maxAttempts = 20

/**
 * Reads the rules of one tap, or of all that have any, by netlink: a tap costs some 0.2 ms, where nft's listing of 500 costs more
 * than a second. What all taps share counts as a part of each one that needs it.
 *
 * @throws AgentError NATIVE_MISSING; Error with `code` when the kernel refuses
 */
export function readTapRules(only?: IfName): RulesByTap {
  return steadily(() => readOnce(only))
}

/** The number of the ruleset's generation: another one after each transaction, also of others. */
export function readGeneration(): number {
  return loadAddon().readRuleset({ kind: 'generation', family: 0, table: '', name: '' })
}

function readOnce(only: IfName | undefined): RulesByTap {
  const parts = new Map<IfName, Part[]>()
  const add = (tap: IfName | undefined, part: Part): void => {
    if (tap === undefined || (only !== undefined && tap !== only)) return
    const list = parts.get(tap)
    if (list === undefined) parts.set(tap, [part])
    else list.push(part)
  }
  for (const family of ['netdev', 'bridge', 'inet'] as const) {
    for (const chain of only === undefined ? ask('chains', family) : chainsOf(only, family)) {
      if (chain.table !== nftTable) continue
      const tap = parseIfName(tapOfChain(chain.name) ?? '')
      if (tap === undefined || (only !== undefined && tap !== only)) continue
      const rules = rulesOf(family, chain.name)
      add(tap, { family, name: chain.name, isChain: true, head: headOf(chain), rules })
    }
  }
  for (const trunk of trunks) {
    const trunkHead = trunkText(trunk)
    for (const { key, chain } of ask('elements', trunk.family, trunk.map)) {
      const head = `${trunkHead} ${chain}`
      const part = { family: trunk.family, name: trunk.map, isChain: false, head, rules: noRules }
      add(parseIfName(key), part)
    }
  }
  return new Map([...parts].map(([tap, list]) => [tap, tapRules(list)]))
}

/** Those that a tap may have: to ask for each costs less than to be told of all others' too. */
function chainsOf(tap: IfName, family: RuleFamily): NativeRuleset['chains'] {
  const { guard, discovery, probe, watch, shield, host } = chainNames(tap)
  const names = {
    netdev: [guard, discovery, probe, watch],
    bridge: [shield],
    inet: [shield, host],
  }[family]
  return names.flatMap((name) => ask('chains', family, name))
}

/** A chain or an element of a tap. */
interface Part {
  readonly family: RuleFamily
  readonly name: string
  readonly isChain: boolean
  readonly head: string
  readonly rules: ChainRules
}

type ChainRules = Omit<NativeRuleset['rules'][number], 'chain'>

const noRules: ChainRules = { digests: '', ruleCount: 0, counts: [] }

/** Chain by chain: in a dump of a whole table the kernel counts from its first rule again for each datagram. */
function rulesOf(family: RuleFamily, chain: string): ChainRules {
  return ask('rules', family, chain)[0] ?? noRules
}

function tapRules(parts: readonly Part[]): TapRules {
  // the kernel has no order of chains and elements, but rules have one
  const texts = parts
    .map(({ family, name, head, rules }) => `${family} ${name} ${head}\n${rules.digests}`)
    .sort()
  return {
    digest: textDigest(texts.join('\n')),
    chains: parts
      .filter(({ isChain }) => isChain)
      .map(({ family, name, rules }) => ({ family, name, ruleCount: rules.ruleCount })),
    refusals: refusalsOf(parts.flatMap(({ rules }) => rules.counts)),
  }
}

/** One count a reason, in the order of the rules. */
function refusalsOf(found: ChainRules['counts']): readonly RefusalCount[] {
  const counts = new Map<string, { packets: number; bytes: number }>()
  for (const { comment, packets, bytes } of found) {
    const count = counts.get(comment) ?? { packets: 0, bytes: 0 }
    counts.set(comment, { packets: count.packets + packets, bytes: count.bytes + bytes })
  }
  return [...counts].map(([reason, count]) => ({ reason, ...count }))
}

function trunkText({ family, chains }: Trunk): string {
  return chains
    .flatMap((name) => ask('chains', family, name))
    .map((chain) => `${chain.name} ${headOf(chain)} ${rulesOf(family, chain.name).digests}`)
    .sort()
    .join('; ')
}

function headOf({ type, device, hook, priority, policy }: NativeRuleset['chains'][number]): string {
  return type === '' ? '' : [type, device, hook, priority, policy].join(' ')
}

function ask<Kind extends keyof NativeRuleset>(
  kind: Kind,
  family: RuleFamily,
  name = '',
): NativeRuleset[Kind] {
  const table = kind === 'chains' && name === '' ? '' : nftTable
  return loadAddon().readRuleset({ kind, family: familyNumbers[family], table, name })
}

/** Somebody else's transaction in between makes the kernel begin anew. */
function steadily<T>(read: () => T): T {
  for (let attempt = 1; ; attempt++) {
    try {
      const before = readGeneration()
      const found = read()
      if (readGeneration() === before || attempt === maxAttempts) return found
    } catch (error) {
      if (systemCode(error) !== 'EINTR' || attempt === maxAttempts) throw error
    }
  }
}
