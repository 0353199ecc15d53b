import type { IfName } from '#addr/if-name.js'
import type { Mac } from '#addr/mac.js'
import type { DesiredNic } from '#nic/desired.js'

/** Tags by which Synnefo and we call a network private: what lies in it need not be unique elsewhere. */
const privateTags = ['private', 'private-filtered', 'physical-vlan', 'okeanid:private']

/** Networks that share a bridge are told apart by so much of the hardware address: Ganeti's prefixes, and Synnefo's. */
const prefixMasks = new Map([
  ['ff:ff:ff:00:00:00', 'zone_of_prefix24'],
  ['ff:ff:f0:00:00:00', 'zone_of_prefix20'],
])

/**
 * Commands of nft that give the connections of a private network a zone of conntrack of their own: guests of two such networks may
 * have the same addresses, and what one has opened must not open anything in the other.
 *
 * A public bridge stays in zone 0. Its addresses are unique, and it may be one where this host takes part or translates addresses:
 * the far half of such a connection passes no bridge, so it would be looked for in the wrong zone.
 */
export function zoneLines({ attachment, guard, nic }: DesiredNic): readonly string[] {
  if (attachment.kind !== 'bridged') return []
  const { bridge, privateVlan } = attachment
  const tags = nic.network?.tags ?? []
  const map = prefixMasks.get(guard.macFilter?.mask ?? '')
  const forgotten = [...prefixMasks].flatMap(([mask, other]) =>
    other === map ? [] : forgetLines(other, { bridge, prefix: prefixOf(nic.mac, mask) }),
  )
  if (guard.macFilter !== undefined && map !== undefined) {
    const { prefix } = guard.macFilter
    return [
      ...forgotten,
      ...objects,
      `add element ${table} ${map} { ${elementOf(bridge, prefix)} }`,
    ]
  }
  const isPrivate = privateVlan !== undefined || privateTags.some((tag) => tags.includes(tag))
  if (!isPrivate) return forgotten
  return [
    ...forgotten,
    ...objects,
    `add element ${table} zone_of_bridge { "${bridge}" : ${zoneOf(bridge)} }`,
  ]
}

/**
 * The network may have been told apart in another way before: then what its guests send and what they are sent would be in different
 * zones, and no answer would be known as one.
 */
function forgetLines(
  map: string,
  { bridge, prefix }: { readonly bridge: IfName; readonly prefix: string },
): readonly string[] {
  return [
    `add map ${table} ${map} { typeof meta ibrname . ether saddr : ct zone; }`,
    `add element ${table} ${map} { ${elementOf(bridge, prefix)} }`,
    `delete element ${table} ${map} { "${bridge}" . ${prefix} }`,
  ]
}

function elementOf(bridge: IfName, prefix: string): string {
  return `"${bridge}" . ${prefix} : ${zoneOf(`${bridge} ${prefix}`)}`
}

function prefixOf(mac: Mac, mask: string): string {
  const [address, kept] = [mac, mask].map((text) => text.split(':'))
  const pairs = (address ?? []).map(
    (pair, at) => Number.parseInt(pair, 16) & Number.parseInt(kept?.[at] ?? '', 16),
  )
  return pairs.map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}

const table = 'bridge okeanid'

/** Before conntrack (-200). A zone that is set stays: the first rule that finds one counts. */
const objects: readonly string[] = [
  ...[...prefixMasks.values()].map(
    (map) => `add map ${table} ${map} { typeof meta ibrname . ether saddr : ct zone; }`,
  ),
  `add map ${table} zone_of_bridge { typeof meta ibrname : ct zone; }`,
  `add chain ${table} guests_zones { type filter hook prerouting priority -301; policy accept; }`,
  `flush chain ${table} guests_zones`,
  ...[...prefixMasks].map(
    ([mask, map]) =>
      `add rule ${table} guests_zones ct zone set meta ibrname . (ether saddr & ${mask}) map @${map}`,
  ),
  `add rule ${table} guests_zones ct zone set meta ibrname map @zone_of_bridge`,
]

/** From 1 to 65535, the same on every node (FNV-1a). Networks whose numbers are equal by chance share a zone, as without zones. */
function zoneOf(network: string): number {
  let hash = 0x811c9dc5
  for (const letter of network) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193)
  return 1 + ((hash >>> 0) % 65_535)
}
