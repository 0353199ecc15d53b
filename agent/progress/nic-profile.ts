/** What tags may call a NIC by. */
export interface NicNames {
  readonly index: number
  readonly name: string | null | undefined
  readonly uuid: string | null | undefined
}

/** Of contradicting tags the one that lets the least in; profiles of a site's own stand between. */
const strictness = ['protected', undefined, 'limited', 'unprotected']

/**
 * The profile that the tags of an instance give a NIC, by the rules of its node (`nic/firewall/tags.ts`): ours go before Synnefo's, a
 * NIC's own before those of all NICs (`*`), and of several that are left the strictest, as far as names tell: only the node knows what a
 * site's own profiles let in.
 */
export function profileOf(
  tags: readonly string[],
  { index, name, uuid }: NicNames,
): string | undefined {
  const own = [String(index), name, uuid]
  for (const origin of ['okeanid:firewall', 'synnefo:network']) {
    const meant = tags
      .filter((tag) => tag.startsWith(`${origin}:`))
      .map((tag) => tag.slice(origin.length + 1).split(':'))
      .filter(([nic, profile, ...rest]) => nic && profile && rest.length === 0)
    const ownMeant = meant.filter(([nic = '']) => own.includes(nic))
    const left = ownMeant.length > 0 ? ownMeant : meant.filter(([nic]) => nic === '*')
    const [strictest] = left.map(([, profile = '']) => profile).toSorted(byStrictness)
    if (strictest !== undefined) return strictest
  }
  return undefined
}

function byStrictness(a: string, b: string): number {
  return rank(a) - rank(b) || (a < b ? -1 : 1)
}

function rank(profile: string): number {
  const known = strictness.indexOf(profile)
  return known < 0 ? strictness.indexOf(undefined) : known
}
