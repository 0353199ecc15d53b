import type { NicsFacts } from './facts.js'
import { broken, type Finding, note } from './finding.js'

/** Whether NICs of running instances are as decided, and whether their rules drop. */
export function nicFindings(nics: NicsFacts | undefined): readonly Finding[] {
  if (nics === undefined) return []
  const { failure, problems, observed, disabled, losses, lacksForwarding6 } = nics
  const [first = ''] = problems
  const finding = (is: boolean, make: () => Finding): readonly Finding[] => (is ? [make()] : [])
  return [
    ...finding(failure !== undefined, () =>
      broken('nics', `nobody looks after NICs: ${failure}`, 'what the message says'),
    ),
    ...finding(problems.length > 0, () =>
      broken(
        'nics',
        `${problems.length} NICs cannot be as decided, the first: ${first}`,
        'okeanid nic list shows all; okeanid nic repair --dry-run what would be done',
      ),
    ),
    ...finding(lacksForwarding6, () =>
      broken(
        'nics',
        'guests have routed IPv6, and net.ipv6.conf.all.forwarding is 0: none of their packets leaves this host',
        'sysctl net.ipv6.conf.all.forwarding=1; this host then takes router advertisements only where accept_ra is 2',
      ),
    ),
    ...finding(observed > 0, () =>
      note(
        'nics',
        `${observed} NICs are only observed: their rules drop nothing`,
        'okeanid nic why INSTANCE says what would be dropped; then okeanid nic enforce',
      ),
    ),
    ...finding(disabled > 0, () =>
      note('nics', `${disabled} NICs have no rules`, 'okeanid nic configured, or enforce'),
    ),
    ...finding(losses > 0, () =>
      note(
        'nics',
        `somebody has removed all rules ${losses} times since the nics role started`,
        'journalctl -u okeanid-nics -g rules-lost says who; keep flush ruleset out of what it reloads',
      ),
    ),
  ]
}
