import type { Firewall } from '#nic/desired.js'
import type { Nic } from '#nic/nic.js'
import {
  type Profile,
  type Profiles,
  profileNamed,
  strictestOf,
  strictestProfile,
} from './profiles.js'

/** A tag of an instance that chooses the profile of one of its NICs, or of all. */
export interface FirewallTag {
  readonly tag: string
  /** `okeanid:firewall:…` is ours and goes before `synnefo:network:…`. */
  readonly origin: 'okeanid' | 'synnefo'
  /** Index, name or UUID of a NIC, or `*`. */
  readonly nic: string
  readonly profile: string
}

/**
 * The firewall of a NIC by the tags of its instance.
 *
 * Tags are a set and have no order, so order never decides: ours go before Synnefo's, a NIC's own before those of all NICs
 * (`*`), and of several that are left the strictest counts. A profile that this node does not know counts as `protected`.
 */
export function firewallOf(nic: Nic, profiles: Profiles): Firewall {
  const chosen = decidingTags(nic).map(
    ({ profile }) => profileNamed(profiles, profile) ?? strictestProfile,
  )
  const profile = strictestOf(chosen) ?? standardProfile(profiles)
  return {
    profile: profile.name,
    isKnown: nic.instanceTags !== undefined,
    inbound: profile.inbound,
  }
}

/** What is wrong with the firewall tags of a NIC: profiles that nobody defined, tags that contradict each other. */
export function firewallTagProblems(nic: Nic, profiles: Profiles): readonly string[] {
  const deciding = decidingTags(nic)
  const unknown = deciding
    .filter(({ profile }) => profileNamed(profiles, profile) === undefined)
    .map(
      ({ tag, profile }) =>
        `tag ${tag}: there is no firewall profile ${profile}, so ${strictestProfile.name} holds`,
    )
  const names = [...new Set(deciding.map(({ profile }) => profile))]
  if (names.length < 2) return unknown
  const { profile } = firewallOf(nic, profiles)
  return [
    ...unknown,
    `tags ${deciding.map(({ tag }) => tag).join(', ')} contradict each other, so ${profile} holds`,
  ]
}

/** The firewall tags among the tags of an instance. */
export function firewallTags(tags: readonly string[]): readonly FirewallTag[] {
  return tags.flatMap((tag) => {
    const [, origin, nic, profile] =
      /^(synnefo:network|okeanid:firewall):([^:]+):([^:]+)$/.exec(tag) ?? []
    if (nic === undefined || profile === undefined) return []
    return [{ tag, origin: origin === 'okeanid:firewall' ? 'okeanid' : 'synnefo', nic, profile }]
  })
}

/** Whether a tag's NIC, an index, a name, a UUID or `*`, is this one. */
export function isMeant(nic: Nic, selector: string): boolean {
  return selector === '*' || isMeantAlone(nic, selector)
}

function isMeantAlone(nic: Nic, selector: string): boolean {
  return [String(nic.index), nic.name, nic.uuid].includes(selector)
}

/** The tags that count for a NIC: those of the first kind that there are any of. */
function decidingTags(nic: Nic): readonly FirewallTag[] {
  const meant = firewallTags(nic.instanceTags ?? []).filter((tag) => isMeant(nic, tag.nic))
  const ours = meant.filter(({ origin }) => origin === 'okeanid')
  const first = ours.length > 0 ? ours : meant
  const own = first.filter((tag) => isMeantAlone(nic, tag.nic))
  return own.length > 0 ? own : first
}

function standardProfile(profiles: Profiles): Profile {
  return profileNamed(profiles, profiles.standard) ?? strictestProfile
}
