import type { BindingFacts, HostFacts, RoleFacts } from './facts.js'
import { broken, type Finding, note } from './finding.js'
import { hookFindings } from './hook-findings.js'
import { jobFindings } from './job-findings.js'
import { kernelFindings } from './kernel-findings.js'
import { nicFindings } from './nic-findings.js'
import { outboxFindings } from './outbox-findings.js'
import { queueFindings } from './queue-findings.js'
import { ruleFindings } from './rule-findings.js'
import { startFindings } from './start-findings.js'

/** What is wrong with a host and what cures it; empty when all is well. What hurts comes first. */
export function diagnose(facts: HostFacts): readonly Finding[] {
  const findings = [
    ...nodeFindings(facts),
    ...kernelFindings(facts),
    ...queueFindings(facts),
    ...ruleFindings(facts),
    ...bindingFindings(facts.bindings),
    ...hookFindings(facts.hooks),
    ...startFindings(facts.starts),
    ...facts.roles.flatMap((role) => [
      ...roleFindings(role, facts.roles),
      ...outboxFindings(role.outbox),
      ...jobFindings(role),
      ...nicFindings(role.nics),
    ]),
  ]
  return [
    ...findings.filter(({ level }) => level === 'broken'),
    ...findings.filter(({ level }) => level === 'note'),
  ]
}

/** The oldest Node that the program runs on (package.json, `engines`). */
const oldestNode = [20, 19] as const

function nodeFindings({ nodeVersion, isRoot, addonProblem }: HostFacts): readonly Finding[] {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number)
  const isOld = major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])
  const lacksLibrary = /libmnl/.test(addonProblem ?? '')
  return [
    ...(isOld
      ? [
          broken(
            'node',
            `Node.js is ${nodeVersion}`,
            `install ${oldestNode.join('.')} or newer (Debian 13 has it: apt install nodejs)`,
          ),
        ]
      : []),
    ...(addonProblem === undefined
      ? []
      : [
          broken(
            'addon',
            `the native addon does not load: ${addonProblem}`,
            lacksLibrary ? 'apt install libmnl0' : 'reinstall the package, or npm run build:native',
          ),
        ]),
    ...(isRoot
      ? []
      : [note('doctor', 'rules and other users’ roles are seen by root only', 'run it as root')]),
  ]
}

function bindingFindings({
  taps,
  networks,
  missingFolders,
  problems,
}: BindingFacts): readonly Finding[] {
  const [first = ''] = problems
  return [
    ...missingFolders.map((folder) =>
      broken(
        'bindings',
        `${folder} is not there or cannot be read`,
        'systemd-tmpfiles --create okeanid.conf makes it; or set [responder] nics_directory',
      ),
    ),
    ...(problems.length === 0
      ? []
      : [
          broken(
            'bindings',
            `${problems.length} faults in files of NICs, the first: ${first}`,
            'correct the tag, the file or the configuration (docs/bindings.md)',
          ),
        ]),
    ...(taps.length === 0 && missingFolders.length === 0
      ? [
          note(
            'bindings',
            'no NIC of this node is served',
            'tag a network: gnt-network add-tags NAME okeanid:dhcp, then restart the instance; or set [responder] networks',
          ),
        ]
      : [
          note(
            'bindings',
            `${taps.length} taps are served, networks: ${networks.join(', ') || 'none named'}`,
            'nothing to do',
          ),
        ]),
  ]
}

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

function roleFindings(
  { role, problem, capabilities, broker }: RoleFacts,
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
