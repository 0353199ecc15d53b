import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { IfName } from '#addr/if-name.js'
import { AgentError, systemCode } from '#errors.js'
import { nicFactsReader } from '#kernel/host-nic-facts.js'
import { readHostState } from '#kernel/read-host-state.js'
import { readTableNumbers } from '#kernel/table-numbers.js'
import type { DesiredNic } from '#nic/desired.js'
import type { NicFacts } from '#nic/facts.js'
import { createDecider, type Decide } from '#nic/repair/decider.js'
import {
  type Difference,
  differencesOf,
  ruleDifferences,
  rulesMissing,
} from '#nic/repair/differences.js'
import type { InstanceFacts } from '#nic/repair/match-nics.js'
import { type Survey, type SurveyedNic, surveyNics } from '#nic/repair/survey.js'
import { readCompiled } from './nic-compiled.js'
import { createNodeReader, type NodeReader, type RepairPlaces } from './node-nics.js'

/** A NIC of a running instance and what of it is not as decided; nothing for one that is right. */
export interface ComparedNic extends SurveyedNic {
  /** Fingerprint of the configuration that it was decided by. */
  readonly config: string
  /** Undefined where nobody can say what it should be like. */
  readonly decided:
    | { readonly desired: DesiredNic; readonly facts: NicFacts | undefined }
    | undefined
  readonly differences: readonly Difference[]
}

/** A node's NICs at one moment. */
export interface Comparison {
  readonly nics: readonly ComparedNic[]
  readonly survey: Survey
  /** Names of instances that run. */
  readonly running: ReadonlySet<string>
  /** Names of those that came, or come, from another node. */
  readonly incoming: ReadonlySet<string>
  /** Unix time. */
  readonly nowSeconds: number
}

/** What is compared: `rules` alone, which takes a fraction of the time, or all. */
export type Scope = 'rules' | 'all'

/** Compares what runs with what should be; changes nothing. */
export interface Comparer {
  readonly node: NodeReader
  /**
   * @throws AgentError PROGRAM_FAILED, NATIVE_MISSING when the host cannot be read; CONFIG_INVALID when the compiled configuration cannot:
   * NICs stay as they are then, for nobody knows what they should be
   */
  compare(scope: Scope): Promise<Comparison>
}

/** A comparer that remembers what it has read of files that did not change. */
export function createComparer(places: RepairPlaces): Comparer {
  const node = createNodeReader(places)
  const decide = createDecider()
  return { node, compare: (scope) => compareNode({ node, places, scope, decide }) }
}

async function compareNode({
  node,
  places,
  scope,
  decide,
}: {
  readonly node: NodeReader
  readonly places: RepairPlaces
  readonly scope: Scope
  readonly decide: Decide
}): Promise<Comparison> {
  const instances = node.instances()
  const isWhole = scope === 'all'
  const host = await readHostState({
    routing: isWhole && some(instances, ({ mode }) => mode === 'routed'),
    vlans: isWhole && some(instances, ({ vlan }) => vlan !== undefined),
  })
  const rules = node.rules()
  const { config, problem } = readCompiled(places)
  if (problem !== undefined) throw new AgentError('CONFIG_INVALID', problem)
  const nowSeconds = Math.floor(Date.now() / 1000)
  const survey = surveyNics(
    {
      instances,
      records: node.records(),
      links: host.links,
      rules,
      stances: node.stances(),
      config,
      nowSeconds,
    },
    decide,
  )
  const factsOf = nicFactsReader()
  const numbers = isWhole ? readTableNumbers() : new Map<string, string>()
  const nics = survey.nics.map(async (surveyed): Promise<ComparedNic> => {
    const { nic, record, desired } = surveyed
    const base = { ...surveyed, config: config.fingerprint }
    if (!desired.ok) return { ...base, decided: undefined, differences: [] }
    const common = { host, numbers, rules: rules.get(nic.tap), record }
    if (!isWhole) {
      const differences = ruleDifferences(desired.value, common)
      return { ...base, decided: { desired: desired.value, facts: undefined }, differences }
    }
    const facts = await factsOf(desired.value)
    const differences = differencesOf(desired.value, facts, {
      ...common,
      sysctl: readSysctl,
      binding: node.binding(nic.tap),
    })
    return { ...base, decided: { desired: desired.value, facts }, differences }
  })
  const names = (some: readonly { readonly name: string }[]) =>
    new Set(some.map(({ name }) => name))
  return {
    survey,
    nics: await Promise.all(nics),
    running: names(instances),
    incoming: names(instances.filter(({ isIncoming }) => isIncoming)),
    nowSeconds,
  }
}

function some(
  instances: readonly InstanceFacts[],
  is: (nic: InstanceFacts['nics'][number]) => boolean,
): boolean {
  return instances.some(({ nics }) => nics.some(is))
}

function readSysctl(name: string): string | undefined {
  try {
    return readFileSync(path.join('/proc/sys', name), 'utf8').trim()
  } catch (error) {
    if (systemCode(error) === undefined) throw error
    return undefined
  }
}

/** Taps of a comparison that have something to mend. */
export function wrongTaps({ nics }: Comparison): readonly IfName[] {
  return nics.flatMap(({ nic, differences }) =>
    differences.some(({ steps }) => steps.length > 0) ? [nic.tap] : [],
  )
}

/** NICs whose rules are missing, and their sets with them. */
export function bareNics(nics: readonly ComparedNic[]): readonly DesiredNic[] {
  return nics.flatMap(({ decided, differences }) =>
    decided !== undefined && differences.some(({ what }) => what === rulesMissing)
      ? [decided.desired]
      : [],
  )
}

/** Whether rules are a part of what is not as decided. */
export function isAboutRules({ differences }: ComparedNic): boolean {
  return differences.some(({ steps }) => steps.some(({ kind }) => kind === 'rules'))
}
