import type { NetworkFlavor, NetworkTable } from '#central/store/tables/network.js'

/** How networks of one flavor are made at Ganeti (Synnefo's `NETWORK_FLAVORS`). */
export interface FlavorPlan {
  readonly mode: NetworkTable['mode']
  /** Where the link comes from: the configuration, a pool, or the network's own number. */
  readonly link: 'bridge' | 'mac-filtered-bridge' | 'pool' | 'table'
  readonly macPrefix: 'shared' | 'pool'
  /** Ganeti's tag that tells nodes how to keep guests apart. */
  readonly tag: string | undefined
}

/** What each flavor is. */
export const flavorPlans: Readonly<Record<NetworkFlavor, FlavorPlan>> = {
  /** Whatever bridge it names, not kept apart. */
  CUSTOM: { mode: 'bridged', link: 'bridge', macPrefix: 'shared', tag: undefined },
  /** A host route to each guest, in a routing table of its own. */
  IP_LESS_ROUTED: { mode: 'routed', link: 'table', macPrefix: 'shared', tag: 'ip-less-routed' },
  /** One bridge for all, kept apart by the beginning of hardware addresses. */
  MAC_FILTERED: {
    ...{ mode: 'bridged', link: 'mac-filtered-bridge' },
    ...{ macPrefix: 'pool', tag: 'private-filtered' },
  },
  /** A bridge of its own, each in its VLAN. */
  PHYSICAL_VLAN: { mode: 'bridged', link: 'pool', macPrefix: 'shared', tag: 'physical-vlan' },
}

/** The flavor that a word names, or undefined. */
export function parseNetworkFlavor(word: string): NetworkFlavor | undefined {
  return Object.hasOwn(flavorPlans, word) ? (word as NetworkFlavor) : undefined
}

/** Ganeti's tags of a network of ours. */
export function ganetiTags(
  { tags, is_public: isPublic }: Pick<NetworkTable, 'tags' | 'is_public'>,
  { hasDhcp }: { readonly hasDhcp: boolean },
): readonly string[] {
  const own = JSON.parse(tags) as readonly string[]
  return [...own, ...(hasDhcp ? ['nfdhcpd'] : []), isPublic === 1 ? 'public' : 'private']
}
