import { broken, type Finding, note } from './finding.js'

/** What stands where Ganeti looks for a script. */
export type HookState = 'ours' | 'absent' | 'foreign' | 'dangling' | 'not-executable'

/** The program of Ganeti that calls a script: up to 3.1, from 3.2 on, or the hooks of any version. */
export type HookCaller = 'kvm-ifup' | 'kvm-nic-setup' | 'hooks'

/** One place where Ganeti looks for a script. */
export interface HookFact {
  readonly path: string
  readonly caller: HookCaller
  readonly state: HookState
}

/** What the node has of hooks. */
export interface HookFacts {
  /** Which of Ganeti's programs are installed. */
  readonly callers: readonly HookCaller[]
  readonly hooks: readonly HookFact[]
  /** What post hooks have left and nobody has taken. */
  readonly waiting?: { readonly count: number; readonly oldestSeconds: number }
}

/**
 * What is wrong with the scripts by which Ganeti calls us. One that the installed Ganeti calls and that is not ours means guests
 * without isolation, so it is loud; but nobody is told to install what he never installed.
 */
export function hookFindings(facts: HookFacts): readonly Finding[] {
  return [...placeFindings(facts), ...waitingFindings(facts)]
}

/** A hook is taken within the second; the unit's own start is the longest part of it. */
const longSeconds = 60

function waitingFindings({ waiting }: HookFacts): readonly Finding[] {
  if (waiting === undefined || waiting.oldestSeconds < longSeconds) return []
  return [
    broken(
      'hooks',
      `${waiting.count} hooks wait to be taken, for ${Math.round(waiting.oldestSeconds)} s already`,
      'systemctl enable --now okeanid-hooks.path; journalctl -u okeanid-hooks says why it ended',
    ),
  ]
}

function placeFindings({ callers, hooks }: HookFacts): readonly Finding[] {
  if (callers.length === 0) return []
  if (hooks.every(({ state }) => state === 'absent' || state === 'foreign')) {
    return [
      note(
        'hooks',
        'Ganeti does not call okeanid for its NICs: they are set up by Ganeti itself or by other scripts, without isolation by us',
        'okeanid hooks install',
      ),
    ]
  }
  return firstOfEach(hooks).flatMap(({ path, caller, state, others }) => {
    if (state === 'ours') return []
    const what = `${path}${others === 0 ? '' : ` (and ${others} others)`} ${sentences[state]}`
    return callers.includes(caller)
      ? [broken('hooks', `${what}, and Ganeti’s ${caller} ${effects[caller]}`, cures[state])]
      : [
          note(
            'hooks',
            `${what}: it will be missed after a change of Ganeti’s version`,
            cures[state],
          ),
        ]
  })
}

/** Post hooks that are amiss in the same way are one finding: there are many folders. */
function firstOfEach(
  hooks: readonly HookFact[],
): readonly (HookFact & { readonly others: number })[] {
  return hooks.flatMap((hook, index) => {
    if (hook.caller !== 'hooks') return [{ ...hook, others: 0 }]
    const isAlike = ({ caller, state }: HookFact) => caller === 'hooks' && state === hook.state
    if (hooks.findIndex(isAlike) !== index) return []
    return [{ ...hook, others: hooks.filter(isAlike).length - 1 }]
  })
}

const sentences: Readonly<Record<Exclude<HookState, 'ours'>, string>> = {
  absent: 'is not there',
  foreign: 'is not ours',
  dangling: 'leads to a script that is not there',
  'not-executable': 'leads to a script that is not executable',
}

const effects: Readonly<Record<HookCaller, string>> = {
  'kvm-ifup': 'goes by it: guests start without isolation',
  'kvm-nic-setup': 'goes by it: guests start without isolation',
  hooks: 'go by it: what operations change is seen late, and no scripts run',
}

const cures: Readonly<Record<Exclude<HookState, 'ours'>, string>> = {
  absent: 'okeanid hooks install',
  foreign: 'okeanid hooks install (what is there is kept and comes back with okeanid hooks remove)',
  dangling: 'reinstall the package okeanid-agent',
  'not-executable': 'chmod 755 the script, or reinstall the package okeanid-agent',
}
