/** Synnefo's profiles, and the tag of each at Ganeti: the names are theirs, and not what one expects. */
export const firewallTags = {
  ENABLED: 'protected',
  PROTECTED: 'limited',
  DISABLED: 'unprotected',
} as const

/** A profile of Synnefo's firewall. */
export type FirewallProfile = keyof typeof firewallTags

/** The profile of a tag; what is none of them is shown as it is. */
export function firewallProfileOf(tag: string): string {
  return Object.entries(firewallTags).find(([, one]) => one === tag)?.[0] ?? tag
}
