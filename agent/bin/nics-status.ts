import type { NodeConfig } from '#service/node-config.js'
import { describeProcess, type ProcessStatus, processStatus } from './process-status.js'
import type { RepairState } from './repair-report.js'
import type { RulesState } from './rules-task.js'

/** How a nics role is, as `okeanid status --json` prints it. */
export interface NicsStatus extends ProcessStatus {
  readonly role: 'nics'
  readonly rules: {
    /** Who puts the queueing rules in place; null before that was found out. */
    readonly manager: 'nft' | 'iptables' | 'no' | null
    readonly taps: number
    readonly entries: number
    readonly repairs: number
    readonly problem: string | null
    /** Why bridged taps are not served, one sentence a protocol. */
    readonly refusals: readonly string[]
    /** Taps that no hook sees. */
    readonly unreachable: readonly string[]
  }
  /** NICs of running instances. */
  readonly nics: RepairState
}

/** The role's status now. */
export function nicsStatus(
  config: Pick<NodeConfig, 'digest'>,
  {
    rules: { outcome, tapCount, repairCount, problem },
    nics,
  }: { readonly rules: RulesState; readonly nics: RepairState },
): NicsStatus {
  return {
    role: 'nics',
    ...processStatus(config),
    rules: {
      manager: outcome?.manager ?? null,
      taps: tapCount,
      entries: outcome?.entryCount ?? 0,
      repairs: repairCount,
      problem: problem ?? null,
      refusals: (outcome?.refusals ?? []).map(
        ({ version, blocks }) =>
          `IPv${version} of bridged taps: frames of ${blocks.map(({ bridge }) => bridge).join(', ')} would be dropped by ${blocks[0]?.where ?? ''}`,
      ),
      unreachable: outcome?.unreachable ?? [],
    },
    nics,
  }
}

/** One line: what `systemctl status` shows. */
export function describeNics({ rules, nics }: NicsStatus): string {
  if (nics.failure !== undefined) return `NICs NOT looked after: ${nics.failure}`
  if (rules.problem !== null) return `rules NOT in place: ${rules.problem}`
  const how = rules.manager === null ? 'not yet in place' : managers[rules.manager]
  const lack = rules.refusals.length === 0 ? '' : '; NOT SERVED: bridged taps, see okeanid doctor'
  return `${describeRunning(nics)}; ${rules.taps} taps served, rules ${how}${lack}`
}

function describeRunning({ last, stances }: RepairState): string {
  if (last === undefined) return 'NICs not looked at yet'
  const { enforce: _enforced = 0, ...others } = stances
  const notes = [
    ...Object.entries(others).map(([stance, count]) => `${count} ${stance}`),
    ...(last.wrong > 0 ? [`${last.wrong} WRONG`] : []),
    ...(last.pending > 0 ? [`${last.pending} pending`] : []),
  ]
  return `${last.nics} NICs${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`
}

/** What `okeanid status` prints of it: name and value of each line. */
export function describeNicsLines(status: NicsStatus): readonly (readonly [string, string])[] {
  const { rules, nics } = status
  return [
    ['role', describeProcess(status)],
    ['rules', `${describeNics(status)}, ${rules.entries} entries, repaired ${rules.repairs} times`],
    [
      'nics',
      `repaired ${nics.repaired}, adopted ${nics.adopted}, gone ${nics.forgotten}; rules lost ${nics.losses} times${nics.lastOpenMs === undefined ? '' : `, the last time for ${nics.lastOpenMs} ms`}`,
    ],
    ...nics.problems.map((problem) => ['wrong', problem] as const),
    ...rules.refusals.map((refusal) => ['refused', refusal] as const),
    ...(rules.unreachable.length === 0
      ? []
      : [['no hook', `${rules.unreachable.join(', ')}: openvswitch`] as const]),
  ]
}

const managers = {
  nft: 'by nft',
  iptables: 'by iptables',
  no: 'left to the administrator',
} as const
