import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { applySteps, undoSteps } from '#kernel/apply-steps.js'
import { readNicFacts } from '#kernel/host-nic-facts.js'
import { planUp } from '#nic/plan.js'
import type { Step } from '#nic/step.js'
import { brokenSteps } from '../../kernel/broken-steps.js'
import { desiredOf, type Variables } from '../../support/nic-setup.js'
import type { Claims } from './claims.js'

/** A NIC of this host whose set-up shall fail. */
export interface FaultyNic {
  /** For the claims. */
  readonly kind: string
  readonly variables: Variables & { readonly INTERFACE: string }
  readonly sections?: Readonly<Record<string, Variables>>
  /** Whether its guest reaches what it should. */
  readonly reaches: () => Promise<boolean>
}

/**
 * Claims that whatever step of a NIC's plan fails, before or after it has done its work: the start fails and names the step, nothing of
 * the NIC is left, and a second start works. The plan is the one that `nic up` makes for this NIC on this host; steps that need not succeed
 * are passed over.
 */
export async function claimFaults(
  { claim }: Pick<Claims, 'claim'>,
  { kind, variables, sections = {}, reaches }: FaultyNic,
): Promise<void> {
  const tap = variables.INTERFACE
  const desired = desiredOf(variables, sections)
  const planned = planUp(desired, await readNicFacts(desired))
  if (!planned.ok) throw new Error(planned.problem)
  const steps = planned.value
  const options = optionsOf(tap)
  const before = stateOf(tap)
  const wrong: string[] = []
  const broken: string[] = []
  for (const [index, step] of steps.entries()) {
    if (step.need === 'may') continue
    for (const fault of brokenSteps(step)) {
      broken.push(step.what)
      const failed = await applySteps(steps.with(index, fault), options)
      if (failed.ok || failed.problem.step !== step.what || failed.problem.leftovers.length > 0)
        wrong.push(`${step.what}: ${JSON.stringify(failed)}`)
      const left = stateOf(tap)
      if (left !== before) wrong.push(`${step.what}: left ${left}, before ${before}`)
    }
    const second = await applySteps(steps, options)
    if (!second.ok) wrong.push(`after ${step.what}: ${second.problem.problem}`)
    wrong.push(...(await undoSteps(steps, options)))
    if (stateOf(tap) !== before) wrong.push(`${step.what}: not undone: ${stateOf(tap)}`)
  }
  const musts = steps.filter(({ need }) => need === 'must').map(({ what }) => what)
  claim(`${kind}: each step was made to fail`, [...new Set(broken)], musts)
  claim(`${kind}: nothing was left, and a second start worked`, wrong, [])
  await applySteps(steps, options)
  claim(`${kind}: the NIC works after all that`, await reaches(), true)
}

/** What of a tap others can see, and what was made for it. */
export function stateOf(tap: string): string {
  const links = output('ip', '-o', 'link').flatMap((line) => {
    const [, name = '', flags = '', rest = ''] = /^\d+: ([^:]+): <([^>]*)>(.*)/.exec(line) ?? []
    const isOther = name !== '' && !name.startsWith(tap)
    // others than the tap only by name: what their far ends do is of no account
    return isOther ? [name] : [`${name} ${flags} ${/ master \S+/.exec(rest)?.[0] ?? ''}`]
  })
  return [
    ...links,
    ...output('bridge', 'vlan', 'show', 'dev', tap).slice(1),
    ...output('nft', 'list', 'ruleset').filter((line) =>
      new RegExp(`\\b${tap}\\b|_${tap}\\b`).test(line),
    ),
    ...output('ovs-vsctl', '--timeout=20', 'find', 'port', `name=${tap}`),
    ...readdirSync(optionsOf(tap).nicsDirectory),
  ].join('\n')
}

/** Folders of their own: nothing serves these NICs. */
function optionsOf(tap: string) {
  const folder = `/run/nic-faults/${tap}`
  const [nicsDirectory, recordsDirectory] = [`${folder}/nics`, `${folder}/taps`]
  for (const directory of [nicsDirectory, recordsDirectory])
    mkdirSync(directory, { recursive: true })
  return { tap, nicsDirectory, recordsDirectory, environment: {} }
}

/** Lines; none where there is no such thing. */
function output(program: string, ...args: readonly string[]): readonly string[] {
  const { stdout } = spawnSync(program, args, { encoding: 'utf8' })
  return (stdout ?? '').split('\n').filter((line) => line !== '')
}

/** A switch that takes what it is told and does not do it: the start fails, and the port is out of its database. */
export async function claimStuckSwitch(
  { claim }: Pick<Claims, 'claim'>,
  { kind, variables, reaches }: FaultyNic,
): Promise<void> {
  const tap = variables.INTERFACE
  const desired = desiredOf(variables)
  const planned = planUp(desired, await readNicFacts(desired))
  if (!planned.ok) throw new Error(planned.problem)
  const steps: readonly Step[] = planned.value
  const options = optionsOf(tap)
  await undoSteps(steps, options)
  const before = stateOf(tap)
  signalSwitch('STOP')
  const stuck = await applySteps(steps, options)
  signalSwitch('CONT')
  claim(
    `${kind}: a switch that does not do it fails the start`,
    stuck.ok || stuck.problem.step,
    `make ${tap} a port of ${variables['LINK']}`,
  )
  claim(`${kind}: and its database forgets the port`, stateOf(tap), before)
  const second = await applySteps(steps, options)
  claim(`${kind}: a second start works`, [second.ok, await reaches()], [true, true])
}

function signalSwitch(signal: string): void {
  spawnSync('sh', ['-c', `kill -${signal} "$(cat /var/run/openvswitch/ovs-vswitchd.pid)"`])
}
