import { assertNever } from '#result.js'

/**
 * Would this host's rules let a frame go from one port of a bridge to another, once br_netfilter shows bridged frames to the
 * FORWARD hook? Docker sets its policy to DROP, ufw drops by default, firewalld ends with a reject: each would cut the guests of
 * a bridge off the moment that br_netfilter is switched on.
 */

/** One rule, as far as it matters here. */
export interface FilterRule {
  /** Interface that a packet must come in and go out by; `isNegated` for any other. A final `+` or `*` fits all that begin so. */
  readonly input: NamePattern | undefined
  readonly output: NamePattern | undefined
  /** True when there are further conditions: they hold for some packets, and what is told of all must not rest on them. */
  readonly isPartial: boolean
  readonly verdict: FilterVerdict
}

/** A condition on an interface's name. */
export interface NamePattern {
  readonly names: readonly string[]
  readonly isNegated: boolean
}

/** What a rule does with the packets that it fits. */
export type FilterVerdict =
  | { readonly kind: 'accept' | 'drop' | 'return' | 'none' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }

/** Chains by name, and where packets that are forwarded enter. */
export interface FilterTable {
  /** For messages: `iptables filter`, `nft inet firewalld`. */
  readonly name: string
  readonly chains: ReadonlyMap<string, readonly FilterRule[]>
  readonly entrances: readonly { readonly chain: string; readonly policy: 'accept' | 'drop' }[]
}

/** Where frames of a bridge would end. */
export interface ForwardBlock {
  readonly bridge: string
  /** `iptables filter, chain FORWARD: policy DROP`. */
  readonly where: string
}

/** Chains may call chains, but a loop is refused by the kernel; this only keeps a damaged listing from hanging us. */
const maxDepth = 32

/** The bridges whose frames would be dropped, with the first place that does it; empty when all would get through. */
export function forwardBlocks(
  tables: readonly FilterTable[],
  bridges: readonly string[],
): readonly ForwardBlock[] {
  return bridges.flatMap((bridge) => {
    for (const table of tables) {
      for (const { chain, policy } of table.entrances) {
        const fate = fateIn(table, { chain, bridge, depth: 0 })
        if (fate.kind === 'accept') continue
        if (fate.kind === 'drop') {
          return [
            { bridge, where: `${table.name}, chain ${fate.chain}: a rule that drops the rest` },
          ]
        }
        if (policy === 'drop')
          return [{ bridge, where: `${table.name}, chain ${chain}: policy drop` }]
      }
    }
    return []
  })
}

type Fate = { readonly kind: 'accept' | 'end' } | { readonly kind: 'drop'; readonly chain: string }

function fateIn(
  table: FilterTable,
  {
    chain,
    bridge,
    depth,
  }: { readonly chain: string; readonly bridge: string; readonly depth: number },
): Fate {
  if (depth > maxDepth) return { kind: 'end' }
  for (const { input, output, isPartial, verdict } of table.chains.get(chain) ?? []) {
    if (isPartial || !fits(input, bridge) || !fits(output, bridge)) continue
    switch (verdict.kind) {
      case 'accept':
        return { kind: 'accept' }
      case 'drop':
        return { kind: 'drop', chain }
      case 'return':
        return { kind: 'end' }
      case 'jump':
      case 'goto': {
        const fate = fateIn(table, { chain: verdict.chain, bridge, depth: depth + 1 })
        if (fate.kind !== 'end' || verdict.kind === 'goto') return fate
        break
      }
      case 'none':
        break
      default:
        return assertNever(verdict)
    }
  }
  return { kind: 'end' }
}

function fits(pattern: NamePattern | undefined, bridge: string): boolean {
  if (pattern === undefined) return true
  return pattern.names.some((name) => nameFits(name, bridge)) !== pattern.isNegated
}

function nameFits(name: string, bridge: string): boolean {
  return /[+*]$/.test(name) ? bridge.startsWith(name.slice(0, -1)) : name === bridge
}
