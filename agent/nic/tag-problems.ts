import { readNetworkTags } from '#binding/network-tags.js'
import { allowsOf } from './firewall/allows.js'
import type { Profiles } from './firewall/profiles.js'
import { firewallTagProblems } from './firewall/tags.js'
import type { Nic } from './nic.js'
import { readSetupTags } from './setup-tags.js'

/**
 * What is wrong with the tags that a NIC was decided by, a sentence each, of printable ASCII: such a tag changes nothing, or in its
 * place the strictest holds.
 */
export function tagProblems(nic: Nic, profiles: Profiles): readonly string[] {
  const { tags = [] } = nic.network ?? {}
  const ofNetwork = [...readSetupTags(tags).problems, ...readNetworkTags(tags).problems]
  const stances = (nic.instanceTags ?? []).filter((tag) => tag.startsWith('okeanid:stance:'))
  return [
    ...[...ofNetwork, ...readSetupTags(stances).problems].map(
      ({ key, message }) => `tag ${key}: ${message}`,
    ),
    ...allowsOf(nic).problems,
    ...firewallTagProblems(nic, profiles),
  ].map((problem) => problem.replaceAll('’', "'").replace(/[^\x20-\x7e]/g, '?'))
}
