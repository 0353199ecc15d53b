import type { IfName } from '#addr/if-name.js'
import { systemCode } from '#errors.js'
import { nftTable } from '#nic/queueing/nft.js'
import type { RuleFamily } from '#nic/repair/tap-rules.js'
import { chainNames, shared } from '#nic/rules/names.js'
import { joinBytes } from '#wire/netlink.js'
import {
  chainQuestion,
  jumpRequest,
  madeAnew,
  rulesQuestion,
  transaction,
} from '#wire/nft-message.js'
import { loadAddon } from './native.js'
import { familyNumbers } from './rule-dump.js'

/**
 * Rules of taps as the kernel told them, to be put back when somebody has flushed them. nft needs more than a second to read the text
 * of 500 NICs; the kernel takes back what it told in half of that.
 */
export interface KeptRules {
  /** Whether rules are kept for a tap: those with this digest, or any. */
  has(tap: IfName, digest?: string): boolean
  /**
   * Reads the rules of a tap and keeps them as those with this digest; not when there are too many already, nft makes these then.
   * @throws AgentError NATIVE_MISSING; Error with `code` when the kernel refuses
   */
  keep(tap: IfName, digest: string): void
  forget(tap: IfName): void
  /** Forgets all taps but these. */
  retain(taps: ReadonlySet<IfName>): void
  /**
   * Puts the rules of taps back in one transaction. They must have none, and what the taps share must be there.
   * @throws AgentError NATIVE_MISSING; Error with `code` when the kernel refuses: nothing has changed then
   */
  putBack(taps: readonly IfName[]): void
}

/** The addon sends 64 MiB at once, with some room for begin and end: more than 1,500 NICs. */
const usualLimitBytes = 60 << 20

/** Keeps nothing yet. */
export function createKeptRules(limitBytes: number = usualLimitBytes): KeptRules {
  const kept = new Map<IfName, { readonly digest: string; readonly requests: Uint8Array }>()
  let keptBytes = 0
  const forget = (tap: IfName): void => {
    keptBytes -= kept.get(tap)?.requests.byteLength ?? 0
    kept.delete(tap)
  }
  return {
    has: (tap, digest = kept.get(tap)?.digest) => kept.get(tap)?.digest === digest && kept.has(tap),
    keep(tap, digest) {
      forget(tap)
      const requests = joinBytes(requestsOf(tap))
      if (keptBytes + requests.byteLength > limitBytes) return
      keptBytes += requests.byteLength
      kept.set(tap, { digest, requests })
    },
    forget,
    retain(taps) {
      for (const tap of kept.keys()) if (!taps.has(tap)) forget(tap)
    },
    putBack(taps) {
      const requests = taps.flatMap((tap) => kept.get(tap)?.requests ?? [])
      const request = transaction(requests, { family: familyNumbers.netdev, table: nftTable })
      loadAddon().askNetlink({ protocol: netfilterProtocol, request })
    },
  }
}

// NETLINK_NETFILTER of linux/netlink.h
const netfilterProtocol = 12

/** A chain that a tap may have, and the map that leads to it. */
interface Branch {
  readonly family: RuleFamily
  readonly chain: string
  readonly map: string | undefined
}

function branchesOf(tap: IfName): readonly Branch[] {
  const { guard, discovery, probe, watch, shield, host } = chainNames(tap)
  return [
    // a chain comes before those that lead to it
    { family: 'netdev', chain: probe, map: undefined },
    { family: 'netdev', chain: discovery, map: undefined },
    { family: 'netdev', chain: guard, map: undefined },
    { family: 'netdev', chain: watch, map: undefined },
    { family: 'bridge', chain: shield, map: shared.toGuest },
    { family: 'inet', chain: shield, map: shared.toGuest },
    { family: 'inet', chain: host, map: shared.fromGuest },
  ]
}

/** Requests that make all that a tap has. */
function requestsOf(tap: IfName): readonly Uint8Array[] {
  return branchesOf(tap).flatMap(({ family, chain, map }) => {
    const place = { family: familyNumbers[family], table: nftTable, chain }
    const head = ask(chainQuestion(place))
    if (head === undefined) return []
    const rules = ask(rulesQuestion(place)) ?? new Uint8Array()
    const made = [madeAnew(head), madeAnew(rules)]
    return map === undefined ? made : [...made, jumpRequest({ ...place, map, interfaceName: tap })]
  })
}

/** Undefined when there is no such chain or table. */
function ask(request: Uint8Array): Uint8Array | undefined {
  try {
    return loadAddon().askNetlink({ protocol: netfilterProtocol, request })
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}
