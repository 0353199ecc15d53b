import type { IfName } from '#addr/if-name.js'
import type { DesiredNic } from '#nic/desired.js'
import { nftTable } from '#nic/queueing/nft.js'
import { arpRules } from './guard-arp.js'
import { etherTypeRules, frameRules } from './guard-frames.js'
import { ip4Rules } from './guard-ip4.js'
import { ip6Rules } from './guard-ip6.js'
import { knownGuard } from './guard-known.js'
import type { DiscoveryRules } from './guard-nd.js'
import { plainRules } from './guard-plain.js'
import { learningObjects, watchRules } from './learn.js'
import { chainNames, shared, type TapChains } from './names.js'
import { refuseBy } from './rule-text.js'
import { removeShieldLines, shieldLines } from './shield.js'

/** Scripts for `nft -f -`, one statement a line, each one transaction. */
export interface NicRules {
  /** Makes this NIC's rules as they shall be, whatever was there before; there is no moment without. Its tap must exist. */
  readonly apply: string
  /** Removes them, also when nothing is there. */
  readonly remove: string
}

/**
 * Where a guest's frames are looked at: when the tap hands them over, before a bridge, a switch or IP has seen them, and
 * before whatever else hooks in there by default.
 */
const guardPriority = -500

/** The rules of one NIC. */
export function nicRules(desired: DesiredNic): NicRules {
  const remove = removeRules(desired.nic.tap)
  if (desired.stance === 'disabled') return { apply: remove, remove }
  return { apply: script([...guardLines(desired), ...shieldLines(desired)]), remove }
}

/** A script that removes whatever rules a tap has; what all taps share stays. */
export function removeRules(tap: IfName): string {
  const { guard, discovery, probe, watch } = chainNames(tap)
  return script([
    `add table netdev ${nftTable}`,
    // a chain goes after those that lead to it
    ...[guard, discovery, probe, watch].flatMap(removeChainLines),
    ...removeShieldLines(tap),
  ])
}

function guardLines(desired: DesiredNic): readonly string[] {
  const { nic, stance } = desired
  const known = knownGuard(desired.guard)
  const { sources6 } = known
  const chains = chainNames(nic.tap)
  const refuse = refuseBy(stance)
  const ip6 = ip6Rules(known, { chains, stance, refuse })
  const rules = [
    ...plainRules(known),
    ...frameRules(known, refuse),
    ...ip4Rules(known, refuse),
    ...ip6.all,
    ...arpRules(known, refuse),
    ...etherTypeRules(known, refuse),
  ]
  const learning = sources6.policy === 'learn' ? sources6 : undefined
  return [
    `add table netdev ${nftTable}`,
    `add set netdev ${nftTable} ${shared.extensionHeaders} { type inet_proto; }`,
    `add element netdev ${nftTable} ${shared.extensionHeaders} { ${extensionHeaders.join(', ')} }`,
    `add set netdev ${nftTable} ${shared.plainProtocols} { typeof @nh,72,8; }`,
    `add element netdev ${nftTable} ${shared.plainProtocols} { 6, 17 }`,
    ...(learning === undefined ? [] : learningObjects(learning)),
    ...baseChainLines(chains.guard, 'ingress', nic.tap),
    ...discoveryLines(chains, ip6.discovery),
    ...ruleLines(chains.guard, rules),
    ...(learning === undefined
      ? removeChainLines(chains.watch)
      : [
          ...baseChainLines(chains.watch, 'egress', nic.tap),
          ...ruleLines(chains.watch, watchRules(learning, known.macs)),
        ]),
  ]
}

/** Nothing leads to these chains yet, or any more. */
function discoveryLines(
  { discovery, probe }: TapChains,
  { probes, others }: DiscoveryRules,
): readonly string[] {
  if (others.length === 0) return [discovery, probe].flatMap(removeChainLines)
  return [
    ...[discovery, probe].flatMap((chain) => [
      `add chain ${of(chain)}`,
      `flush chain ${of(chain)}`,
    ]),
    ...ruleLines(probe, probes),
    ...ruleLines(discovery, others),
  ]
}

function baseChainLines(chain: string, hook: 'ingress' | 'egress', tap: IfName): readonly string[] {
  return [
    `add chain ${of(chain)} { type filter hook ${hook} device "${tap}" priority ${guardPriority}; policy accept; }`,
    `flush chain ${of(chain)}`,
  ]
}

function ruleLines(chain: string, rules: readonly string[]): readonly string[] {
  return rules.map((rule) => `add rule ${of(chain)} ${rule}`)
}

/** Hop-by-hop, routing, fragment, authentication, destination options, mobility, HIP, shim6 (IANA's IPv6 extension header types). */
const extensionHeaders = [0, 43, 44, 51, 60, 135, 139, 140]

/** A base chain goes with its device before Linux 6.14 or so, so it is made first, of no kind. */
function removeChainLines(chain: string): readonly string[] {
  return ['add', 'flush', 'delete'].map((verb) => `${verb} chain ${of(chain)}`)
}

function of(chain: string): string {
  return `netdev ${nftTable} ${chain}`
}

function script(lines: readonly string[]): string {
  return [...lines, ''].join('\n')
}
