import type { HostFacts, RoleFacts } from './facts.js'
import { broken, type Finding, note } from './finding.js'

const units: Readonly<Record<RoleFacts['role'], string>> = {
  events: 'okeanid-agent',
  responder: 'okeanid-responder',
  nics: 'okeanid-nics',
  hooks: 'okeanid-hooks.path',
}

/** CAP_NET_ADMIN and CAP_NET_RAW (linux/capability.h). */
const responderCapabilities = [
  ['CAP_NET_ADMIN', 12n],
  ['CAP_NET_RAW', 13n],
] as const

/** How a role stands, by its own word; one that does not answer as well. */
export function roleFindings(
  { role, problem, capabilities, broker, stale = [] }: RoleFacts,
  all: readonly RoleFacts[],
): readonly Finding[] {
  if (problem !== undefined) {
    if (role === 'hooks') return [] // it ends when there is nothing to do; see hookFindings
    // a site without RabbitMQ has the other roles only
    const isLeftOut = role === 'events' && all.some((other) => other.problem === undefined)
    const say = isLeftOut ? note : broken
    return [
      say(
        'role',
        `${role}: ${problem.split(';')[0]}`,
        `systemctl start ${units[role]}; journalctl -u ${units[role]} says why it ended`,
      ),
    ]
  }
  const lacking =
    role !== 'responder' || capabilities === undefined
      ? []
      : responderCapabilities.filter(([, bit]) => ((capabilities >> bit) & 1n) === 0n)
  return [
    ...stale.map(({ what, verb }) =>
      broken('role', `${role} ${what}`, `systemctl ${verb} ${units[role]}`),
    ),
    ...lacking.map(([name]) =>
      broken(
        'role',
        `${role} runs without ${name}`,
        `add it to AmbientCapabilities of ${units[role]}.service`,
      ),
    ),
    ...(broker === undefined || ['connected', 'disabled'].includes(broker.state)
      ? []
      : [
          broken(
            'broker',
            `events: the broker is ${broker.state}${broker.problem === undefined ? '' : `: ${broker.problem}`}`,
            'messages wait on disk meanwhile; see [broker] url, and rabbitmqctl list_permissions',
          ),
        ]),
  ]
}

/** Whether the events role would get at its broker, where it does not run and cannot say so itself. */
export function probeFindings({ brokerProblem, roles }: HostFacts): readonly Finding[] {
  if (brokerProblem === undefined) return []
  const isLeftOut = roles.some(({ problem }) => problem === undefined)
  const say = isLeftOut ? note : broken
  return [
    say(
      'broker',
      `no broker lets us in: ${brokerProblem}`,
      'as it says; a site without RabbitMQ sets [broker] enabled = no',
    ),
  ]
}
