import { broken, type Finding, note } from './finding.js'

/** What the rest of the host does that touches us. */
export interface SurroundingFacts {
  /** Why Ganeti's files cannot be read or are none; undefined when they can. */
  readonly ganetiProblem: string | undefined
  /** No node of Ganeti's has an address of this host. */
  readonly isStranger: boolean
  /** `/etc/nftables.conf` has `flush ruleset`, and is loaded at boot. */
  readonly flushesRuleset: boolean
  /** Where nfdhcpd is started from at boot. */
  readonly nfdhcpdAtBoot: string | undefined
  /** Lets guests start without isolation. */
  readonly breakGlass: string | undefined
  /** Of what nic up goes by: `missing`, `old`; undefined when it is as the configuration says, or nobody goes by it. */
  readonly compiled: 'missing' | 'old' | undefined
  /** Scripts of hooks that are never run, each with its reason. */
  readonly refusedScripts: readonly string[]
  readonly isClockFree: boolean
  readonly units: readonly UnitFact[]
}

/** A unit of ours, by systemd's word. */
export interface UnitFact {
  readonly name: string
  readonly isFailed: boolean
  /** `exit-code`, `signal`, `watchdog`, `oom-kill` … */
  readonly result: string
  readonly isEnabled: boolean
}

/** What is amiss around us. */
export function surroundingFindings(facts: SurroundingFacts): readonly Finding[] {
  const when = (is: boolean, make: () => Finding): readonly Finding[] => (is ? [make()] : [])
  const { ganetiProblem, isStranger, breakGlass, nfdhcpdAtBoot, compiled } = facts
  return [
    ...when(ganetiProblem !== undefined, () =>
      broken('ganeti', ganetiProblem ?? '', 'gnt-cluster init or gnt-node add; [ganeti] root'),
    ),
    ...when(isStranger, () =>
      broken(
        'ganeti',
        'no address of this host is one of ssconf_node_primary_ips: it is no node, so no master, and tells no jobs',
        'ip address; gnt-node list -o name,pip on the master; a node that was renumbered wants gnt-node modify',
      ),
    ),
    ...when(breakGlass !== undefined, () =>
      broken(
        'starts',
        `${breakGlass} is there: guests start although their NICs cannot be isolated`,
        `rm ${breakGlass} when the emergency is over; okeanid nic repair sees to those that were started meanwhile`,
      ),
    ),
    ...when(compiled !== undefined, () =>
      broken(
        'starts',
        compiled === 'missing'
          ? 'nic up has no compiled configuration: new NICs are set up by defaults'
          : 'nic up goes by a configuration of before: what was changed since does not hold for new NICs',
        'systemctl start okeanid-nics, which compiles at each change; or okeanid config compile',
      ),
    ),
    ...facts.units.flatMap(unitFindings),
    ...facts.refusedScripts.map((script) =>
      broken('hooks', `a script is never run: ${script}`, 'okeanid hooks scripts shows all'),
    ),
    ...when(nfdhcpdAtBoot !== undefined, () =>
      broken(
        'queue',
        `nfdhcpd is started at the next boot (${nfdhcpdAtBoot}) and takes the queues before us`,
        'systemctl disable nfdhcpd; or apt remove nfdhcpd',
      ),
    ),
    ...when(facts.flushesRuleset, () =>
      note(
        'rules',
        '/etc/nftables.conf has flush ruleset: each reload of nftables takes the isolation of all guests away for about a second',
        'flush your own tables only: add table inet filter, then flush table inet filter',
      ),
    ),
    ...when(facts.isClockFree, () =>
      note(
        'clock',
        'nobody keeps this host’s clock right: messages of several nodes and consumers’ order go by it',
        'apt install chrony, or systemd-timesyncd; timedatectl',
      ),
    ),
  ]
}

function unitFindings({ name, isFailed, result, isEnabled }: UnitFact): readonly Finding[] {
  const causes: Readonly<Record<string, string>> = {
    'exit-code': 'it ended with an error',
    signal: 'it was killed',
    'oom-kill': 'the kernel killed it for want of memory',
    watchdog: 'it hung',
    'start-limit-hit': 'it failed again and again',
  }
  if (isFailed)
    return [
      broken(
        'unit',
        `${name} has failed: ${causes[result] ?? result}`,
        `journalctl -u ${name} -e says why; systemctl reset-failed ${name}; systemctl start ${name}`,
      ),
    ]
  return isEnabled
    ? []
    : [
        note(
          'unit',
          `${name} is not started at boot`,
          `systemctl enable ${name}; nothing to do where the role is not wanted`,
        ),
      ]
}
