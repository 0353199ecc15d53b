import { configFindings } from './config-findings.js'
import { diskFindings } from './disk-findings.js'
import type { BindingFacts, HostFacts } from './facts.js'
import { broken, type Finding, note } from './finding.js'
import { hookFindings } from './hook-findings.js'
import { surroundingFindings } from './host-findings.js'
import { jobFindings } from './job-findings.js'
import { kernelFindings } from './kernel-findings.js'
import { networkFindings } from './network-findings.js'
import { nicFindings } from './nic-findings.js'
import { outboxFindings } from './outbox-findings.js'
import { queueFindings } from './queue-findings.js'
import { probeFindings, roleFindings } from './role-findings.js'
import { ruleFindings } from './rule-findings.js'
import { startFindings } from './start-findings.js'

/** What is wrong with a host and what cures it; empty when all is well. What hurts comes first. */
export function diagnose(facts: HostFacts): readonly Finding[] {
  const { config, disk, network, surroundings } = facts
  const findings = [
    ...(config === undefined ? [] : configFindings(config)),
    ...nodeFindings(facts),
    ...(surroundings === undefined ? [] : surroundingFindings(surroundings)),
    ...(disk === undefined ? [] : diskFindings(disk)),
    ...(network === undefined ? [] : networkFindings(network)),
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
    ...probeFindings(facts),
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
