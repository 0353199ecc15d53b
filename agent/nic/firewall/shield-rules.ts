import { parseIpv4 } from '#addr/ipv4.js'
import { parseIpv6 } from '#addr/ipv6.js'
import type { DesiredNic, Inbound, Service } from '#nic/desired.js'
import { cidr4Text, cidr6Text, type Refuse, refuseBy } from '#nic/rules/rule-text.js'
import { assertNever, invariant } from '#result.js'
import { resumeLines, resuming, trackingObjects } from './tracking.js'
import { zoneLines } from './zones.js'

/** Rules of one NIC for nft, without the names of their chains: texts that follow `add rule FAMILY TABLE CHAIN`. */
export interface ShieldRules {
  /** On the way to a tap of a bridge, hooks forward and output. Empty: whatever comes passes. */
  readonly bridge: readonly string[]
  /** On the way to a routed tap, hooks forward and output. Empty: whatever comes passes. */
  readonly inet: readonly string[]
  /** From a routed tap to this host itself, hook input. Empty: whatever comes passes. */
  readonly hostInput: readonly string[]
}

/** What protects a NIC's guest, and this host from the guest. What the rules name, {@link shieldObjects} makes. */
export function shieldRules({ stance, attachment, guard, firewall }: DesiredNic): ShieldRules {
  const none = { bridge: [], inet: [], hostInput: [] }
  if (stance === 'disabled') return none
  const refuse = refuseBy(stance)
  switch (attachment.kind) {
    case 'bridged':
      return { ...none, bridge: guestRules(firewall.inbound, { refuse, types: guard.etherTypes }) }
    case 'routed':
      return {
        ...none,
        inet: guestRules(firewall.inbound, { refuse, types: undefined }),
        hostInput: guard.hostServices === undefined ? [] : hostRules(guard.hostServices, refuse),
      }
    case 'openvswitch':
    case 'ext':
      return none
    default:
      return assertNever(attachment)
  }
}

/**
 * What the rules need in the tables of ours, as whole commands of nft that change nothing when they are given again. They go
 * before the rules in the same script.
 */
export function shieldObjects(desired: DesiredNic): readonly string[] {
  const { bridge, inet, hostInput } = shieldRules(desired)
  const { tap } = desired.nic
  const caps = { isCapped: desired.stance === 'enforce' }
  return [
    ...(bridge.length > 0
      ? [...trackingObjects('bridge', caps), ...zoneLines(desired), ...resumeLines('bridge', tap)]
      : []),
    ...(inet.length + hostInput.length > 0 ? trackingObjects('inet', caps) : []),
    ...(inet.length > 0 ? resumeLines('inet', tap) : []),
  ]
}

/**
 * Answers, then ICMP, then services; what conntrack cannot place and all the rest is refused.
 *
 * Errors that ICMP brings pass before the packets that conntrack calls invalid are refused: after a migration it knows no
 * stream yet, and a "packet too big" that is lost then stops the stream for good (RFC 4890 4.3.1).
 * @param types of frames beside IP, on a bridge
 */
function guestRules(
  inbound: Inbound,
  { refuse, types }: { readonly refuse: Refuse; readonly types: readonly number[] | undefined },
): readonly string[] {
  if (inbound.kind === 'all') return []
  return [
    'ct state established,related accept',
    ...(types === undefined ? [] : ['arp', ...types.map(typeText)].map(ofType)),
    ...icmpRules[inbound.icmp],
    // servers elsewhere in the network answer a broadcast, for which conntrack has no entry
    'meta protocol ip udp sport 67 udp dport 68 accept',
    'meta protocol ip6 udp sport 547 udp dport 546 accept',
    refuse('ct state invalid', 'firewall-invalid'),
    `oifname @${resuming} tcp flags & (fin | syn | rst | ack) == ack accept`,
    ...inbound.services.flatMap(serviceRules),
    refuse('', 'firewall').trim(),
  ]
}

function hostRules(services: readonly Service[], refuse: Refuse): readonly string[] {
  return [
    'ct state established,related accept',
    ...icmpRules.essential,
    refuse('ct state invalid', 'firewall-invalid'),
    ...services.flatMap(serviceRules),
    refuse('', 'host-service').trim(),
  ]
}

const icmpRules = {
  essential: [
    'meta protocol ip icmp type @essential_icmp accept',
    'meta protocol ip6 icmpv6 type @essential_icmpv6 accept',
    'meta protocol ip meta l4proto igmp accept',
  ],
  all: [
    'meta protocol ip meta l4proto icmp accept',
    'meta protocol ip6 meta l4proto ipv6-icmp accept',
    'meta protocol ip meta l4proto igmp accept',
  ],
} as const

/** The protocol rather than the type: on a bridge that knows VLANs the type may still be that of the tag. */
function ofType(type: string): string {
  return `meta protocol ${type} accept`
}

function typeText(type: number): string {
  return `0x${type.toString(16).padStart(4, '0')}`
}

/** One rule a source: an anonymous set would be read back by every later run of nft. */
function serviceRules(service: Service): readonly string[] {
  const door = `${doorOf(service)} accept`
  if (service.sources.length === 0) return [door]
  return service.sources.map((source) => `${sourceText(source)} ${door}`)
}

function sourceText({ address, prefixLength }: Service['sources'][number]): string {
  const address4 = parseIpv4(address)
  if (address4 !== undefined) return `ip saddr ${cidr4Text({ address: address4, prefixLength })}`
  const address6 = parseIpv6(address)
  invariant(address6 !== undefined, `${address} is an address`)
  return `ip6 saddr ${cidr6Text({ address: address6, prefixLength })}`
}

function doorOf({ protocol, ports }: Service): string {
  if (typeof protocol === 'number' || ports === undefined) return `meta l4proto ${protocol}`
  const { first, last } = ports
  return `${protocol} dport ${first === last ? first : `${first}-${last}`}`
}
