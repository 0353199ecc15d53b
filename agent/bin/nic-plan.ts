/**
 * `okeanid nic plan [TAP]`: prints what `nic up` would do and does nothing: for the NIC that Ganeti's variables in the environment describe,
 * or for one that was set up before, by its tap.
 */
import { parseIfName } from '#addr/if-name.js'
import { AgentError } from '#errors.js'
import { readNicFacts } from '#kernel/host-nic-facts.js'
import { decideNic } from '#nic/decide.js'
import { nicOfWords } from '#nic/ganeti-nic.js'
import type { Nic } from '#nic/nic.js'
import { planUp } from '#nic/plan.js'
import { formatPlan } from '#nic/plan-text.js'
import { stanceOf } from '#nic/repair/stances.js'
import { printLine } from '#service/log.js'
import { readCompiled, readStances } from './nic-compiled.js'
import { recordOf } from './nic-earlier.js'
import { type NicPlaces, nicPlaces } from './nic-places.js'
import { readRequest } from './nic-request.js'

/** What is asked: of which tap, and how it is shown. */
export interface PlanOptions {
  readonly json?: true
  /** With the rules, which are most of a plan. */
  readonly rules?: true
  readonly stateDirectory?: string
  readonly runtimeDirectory?: string
}

/**
 * Prints the plan.
 * @throws AgentError INPUT_UNREADABLE for an environment that is no NIC's, HOST_BROKEN for a NIC that cannot be set up here
 */
export async function printPlan(tap: string | undefined, options: PlanOptions): Promise<void> {
  const places = nicPlaces(options)
  const nic = tap === undefined ? nicOfEnvironment() : await nicOfTap(tap, places)
  const { config, warnings, problem } = readCompiled(places)
  if (problem !== undefined) throw new AgentError('HOST_BROKEN', problem)
  const nowSeconds = Math.floor(Date.now() / 1000)
  const desired = decideNic(nic, {
    config,
    stance: stanceOf(nic, readStances(places), { nowSeconds }),
  })
  if (!desired.ok) throw new AgentError('HOST_BROKEN', `${nic.tap}: ${desired.problem}`)
  const plan = planUp(desired.value, await readNicFacts(desired.value))
  if (!plan.ok) throw new AgentError('HOST_BROKEN', `${nic.tap}: ${plan.problem}`)
  if (options.json) {
    printLine(JSON.stringify({ nic, desired: desired.value, warnings, steps: plan.value }, null, 2))
    return
  }
  for (const warning of warnings) printLine(`# warning: ${warning}`)
  const rules = options.rules ? 'shown' : 'hidden'
  printLine(formatPlan(plan.value, { rules }).trimEnd())
}

function nicOfEnvironment(): Nic {
  const request = readRequest(process.env, process.ppid)
  switch (request.kind) {
    case 'nic':
      return nicOfWords(request.words)
    case 'communication':
      throw new AgentError(
        'INPUT_UNREADABLE',
        `${request.tap} is a tap of Ganeti’s own, which is left alone`,
      )
    case 'faulty':
      throw new AgentError(
        'INPUT_UNREADABLE',
        `the environment describes no NIC (${request.problems.join('; ')}); name a tap: okeanid nic plan TAP`,
      )
  }
}

async function nicOfTap(text: string, places: NicPlaces): Promise<Nic> {
  const tap = parseIfName(text)
  const record = tap === undefined ? undefined : recordOf({ tap }, places)
  if (record !== undefined) return record.nic
  throw new AgentError(
    'INPUT_UNREADABLE',
    `there is no record of ${text} in ${places.recordsDirectory}: it was not set up by us, or you are not root`,
  )
}
