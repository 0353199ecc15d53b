import type { DesiredNic } from '#nic/desired.js'
import type { NicFacts } from '#nic/facts.js'
import { planBeyondRules, rulesStep } from '#nic/plan.js'
import type { NicRecord } from '#nic/record.js'
import { rulesDigestOf } from '#nic/rules/rules-digest.js'
import type { Step } from '#nic/step.js'
import type { TapState } from '#nic/tap.js'
import { tapState } from '#nic/tap-state.js'
import { type HostState, type ObservedLink, type TableNumbers, vlanKey } from './host-state.js'
import { ipStep, routingDifferences } from './routing-differences.js'
import type { TapRules } from './tap-rules.js'

/** Something that is not as it should be, and what mends it. */
export interface Difference {
  /** A sentence without its subject: `its rules are missing`. */
  readonly what: string
  readonly steps: readonly Step[]
}

/** {@link Difference.what} of a NIC that has no rules at all. */
export const rulesMissing = 'its rules are missing'

/** What a NIC is compared with. */
export interface Observed {
  readonly host: HostState
  readonly numbers: TableNumbers
  /** Undefined: it has none. */
  readonly rules: TapRules | undefined
  readonly record: NicRecord | undefined
  /** A file below /proc/sys; undefined when there is none. */
  readonly sysctl: (path: string) => string | undefined
  /** What the responder is told of it; undefined when there is no file. */
  readonly binding: string | undefined
}

/**
 * What of a NIC is not as was decided. Empty for a NIC that is right: then nothing at all is written.
 *
 * A NIC that was found running and is only observed gets its rules and nothing else: whoever set it up has made it work. One that is
 * disabled is left alone but for its rules, which go.
 */
export function differencesOf(
  desired: DesiredNic,
  facts: NicFacts,
  observed: Observed,
): readonly Difference[] {
  const { nic, stance } = desired
  const isAdopted = observed.record === undefined || observed.record.adoptedAtSeconds !== undefined
  const rules = ruleDifferences(desired, observed)
  if (stance === 'disabled' || (isAdopted && stance === 'observe')) return rules
  const plan = planBeyondRules(desired, facts)
  if (!plan.ok) return [...rules, { what: `cannot be as decided: ${plan.problem}`, steps: [] }]
  const state = tapState(desired, facts)
  const link = observed.host.links.get(nic.tap)
  if (link === undefined) return []
  const whole = wholeDifferences(desired, { state, facts, observed, steps: plan.value })
  if (whole.length > 0) return [...rules, ...whole]
  return [
    ...rules,
    ...sysctlDifferences(state, observed),
    // of a tap that the administrator's own script has attached only that knows
    ...(desired.attachment.kind === 'ext' ? [] : linkDifferences(state, link)),
    ...routingDifferences(state, observed),
    ...bindingDifferences(plan.value, observed),
  ]
}

/** Its rules by what they say and by what the kernel has: a changed tag shows in the first, a foreign hand in the second. */
export function ruleDifferences(
  desired: DesiredNic,
  { rules, record }: Pick<Observed, 'rules' | 'record'>,
): readonly Difference[] {
  const mend = (what: string): readonly Difference[] => [{ what, steps: [rulesStep(desired)] }]
  if (desired.stance === 'disabled')
    return rules === undefined ? [] : mend('its rules are to go: it is disabled')
  if (rules === undefined) return mend(rulesMissing)
  if (record?.scriptDigest !== rulesDigestOf(desired))
    return mend('its rules are those of an earlier decision')
  if (record.rulesDigest !== rules.digest) return mend('its rules were changed by somebody else')
  return []
}

/** What one line does not mend: where it belongs. All steps of its set-up are taken then, but for its rules and its binding. */
function wholeDifferences(
  { attachment, nic }: DesiredNic,
  {
    state,
    facts,
    observed,
    steps,
  }: {
    readonly state: TapState
    readonly facts: NicFacts
    readonly observed: Observed
    readonly steps: readonly Step[]
  },
): readonly Difference[] {
  const attach = steps.filter(({ kind }) => kind !== 'binding')
  const master = observed.host.links.get(nic.tap)?.master
  switch (attachment.kind) {
    case 'bridged': {
      if (attachment.privateVlan !== undefined && !isPrivateBridgeWhole(attachment, facts))
        return [{ what: `its bridge ${attachment.bridge} is not whole`, steps: attach }]
      if (master !== attachment.bridge)
        return [{ what: `it is ${portOf(master)}, not of ${attachment.bridge}`, steps: attach }]
      return vlansDiffer(state, facts, observed.host)
        ? [{ what: 'its VLANs are not as decided', steps: attach }]
        : []
    }
    case 'openvswitch':
      return master === 'ovs-system'
        ? []
        : [{ what: `it is ${portOf(master)}, not of ${attachment.bridge}`, steps: attach }]
    case 'routed':
      return master === undefined
        ? []
        : [
            {
              what: `it is ${portOf(master)}, though it is routed`,
              steps: [
                ipStep(`take ${nic.tap} out of ${master}`, [`link set dev ${nic.tap} nomaster`]),
              ],
            },
          ]
    case 'ext': // only its script knows
      return []
  }
}

function portOf(master: string | undefined): string {
  return master === undefined ? 'a port of nothing' : `a port of ${master}`
}

function isPrivateBridgeWhole(
  { privateVlan }: Extract<DesiredNic['attachment'], { kind: 'bridged' }>,
  { bridge, privateVlan: found }: NicFacts,
): boolean {
  const isWhole = privateVlan !== undefined && bridge?.ports.includes(privateVlan.device)
  // one that we did not make is whole as it is
  return bridge?.isOurs === false || (isWhole === true && found?.hasDevice === true)
}

function vlansDiffer({ tap, vlan }: TapState, { bridge }: NicFacts, host: HostState): boolean {
  if (vlan === undefined || bridge?.isVlanAware !== true) return false
  const wanted = [
    ...(vlan.native === undefined ? [] : [vlanKey(tap, vlan.native, 'native')]),
    ...vlan.tagged.map((id) => vlanKey(tap, id, 'tagged')),
  ]
  const found = [...host.vlans].filter((key) => key.startsWith(`${tap} `))
  return found.length !== wanted.length || wanted.some((key) => !host.vlans.has(key))
}

/** The MTU is set once, when a tap comes up: a bridge takes the least of its ports, so that one hand at one tap would change all. */
function linkDifferences({ tap, mac }: TapState, link: ObservedLink): readonly Difference[] {
  const set = (what: string, change: string): Difference => ({
    what,
    steps: [ipStep(`set ${tap} ${change}`, [`link set dev ${tap} ${change}`])],
  })
  return [
    ...(mac === undefined || link.mac === mac
      ? []
      : [set(`its hardware address is ${link.mac}, not ${mac}`, `address ${mac}`)]),
    ...(link.isUp ? [] : [set('it is down', 'up')]),
  ]
}

function sysctlDifferences(
  { tap, sysctls }: TapState,
  { sysctl }: Observed,
): readonly Difference[] {
  return sysctls.flatMap(({ path, value, need }) => {
    const found = sysctl(path)
    if (found === value || (found === undefined && need === 'may')) return []
    return [
      {
        what: `${path} is ${found ?? 'missing'}, not ${value}`,
        steps: [{ kind: 'sysctl', what: `set ${path} of ${tap}`, need, values: [[path, value]] }],
      } satisfies Difference,
    ]
  })
}

function bindingDifferences(steps: readonly Step[], { binding }: Observed): readonly Difference[] {
  return steps.flatMap((step) =>
    step.kind === 'binding' && !saysTheSame(step.text, binding)
      ? [
          {
            what:
              binding === undefined
                ? 'the responder is not told of it'
                : 'the responder is told otherwise of it',
            steps: [step],
          },
        ]
      : [],
  )
}

/** Tags have no order: Ganeti's script gets them in another one than its runtime file has. Nobody is served by a NIC's number. */
function saysTheSame(wanted: string, found: string | undefined): boolean {
  return wanted === found || (found !== undefined && canonical(wanted) === canonical(found))
}

function canonical(text: string): string {
  try {
    const { nic: _label, ...rest } = JSON.parse(text) as Readonly<Record<string, unknown>>
    return JSON.stringify(rest, (key, value: unknown) =>
      key === 'tags' && Array.isArray(value) ? value.map(String).sort() : value,
    )
  } catch {
    return text
  }
}
