import type { IfName } from '#addr/if-name.js'

/** A tap and the rule that sends its packets on. */
export interface TapRule {
  readonly tap: IfName
  readonly rule: string
}

/** How a tree of chains is written. */
export interface TreeNames {
  /** The chain that it begins with. */
  readonly root: string
  /** The chain for names that begin like this. */
  readonly chainOf: (prefix: string) => string
  /** A rule that goes to a chain when the name begins like this; it does not come back. */
  readonly gotoRule: (prefix: string, chain: string) => string
}

/** Rules of one chain below which looking further is not worth a chain. */
const flatCount = 16

/**
 * Chains in which the rule of a tap is found by the beginning of its name, a few characters a chain. A list of 1000 rules costs each
 * packet 42 µs with iptables-nft, so that one guest's flood of requests would take half a core; this costs 1 µs.
 */
export function treeOfRules(
  { root, chainOf, gotoRule }: TreeNames,
  rules: readonly TapRule[],
): ReadonlyMap<string, readonly string[]> {
  const chains = new Map<string, readonly string[]>()

  function add(chain: string, members: readonly TapRule[]): void {
    if (members.length <= flatCount) {
      chains.set(
        chain,
        members.map(({ rule }) => rule),
      )
      return
    }
    const at = commonLength(members)
    const lines: string[] = []
    chains.set(chain, lines)
    for (const group of groupsBy(members, at)) {
      const [first] = group
      if (first === undefined) continue
      if (group.length === 1) lines.push(first.rule)
      else {
        const prefix = first.tap.slice(0, commonLength(group))
        lines.push(gotoRule(prefix, chainOf(prefix)))
        add(chainOf(prefix), group)
      }
    }
  }

  add(root, rules)
  return chains
}

/** How many characters all names begin with. */
function commonLength(members: readonly TapRule[]): number {
  const first = members[0]?.tap ?? ''
  let length = first.length
  for (const { tap } of members) {
    while (!tap.startsWith(first.slice(0, length))) length--
  }
  return length
}

/** By the character at a place; a name that ends there is a group of its own. */
function groupsBy(members: readonly TapRule[], at: number): Iterable<readonly TapRule[]> {
  const groups = new Map<string, TapRule[]>()
  for (const member of members) {
    const key = member.tap.charAt(at)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [member])
    else group.push(member)
  }
  return groups.values()
}
