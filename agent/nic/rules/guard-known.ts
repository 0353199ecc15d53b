import type { Guard } from '#nic/desired.js'

/**
 * The guard as rules can tell it: a network that is all there is (`0.0.0.0/0`, `::/0`, of a guest that is a router) means
 * that nothing is known of the family. There is no comparison of no bits; nft ends at one.
 */
export function knownGuard(guard: Guard): Guard {
  const { sources4, sources6, arpTargets } = guard
  const isOpen = networksOf(sources6).some(isAll)
  return {
    ...guard,
    sources4: sources4?.some(isAll) ? undefined : sources4,
    sources6: isOpen ? { policy: 'open' } : sources6,
    arpTargets: arpTargets?.some(isAll) ? undefined : arpTargets,
  }
}

function networksOf(sources6: Guard['sources6']): readonly { readonly prefixLength: number }[] {
  switch (sources6.policy) {
    case 'prefix':
      return sources6.prefixes
    case 'strict':
      return sources6.addresses
    case 'learn':
      return [...sources6.addresses, ...sources6.prefixes]
    case 'open':
    case 'none':
      return []
  }
}

function isAll({ prefixLength }: { readonly prefixLength: number }): boolean {
  return prefixLength === 0
}
