import type { IfName } from '#addr/if-name.js'
import type { DesiredNic } from '#nic/desired.js'
import type { Nic } from '#nic/nic.js'
import type { NicConfig } from '#nic/nic-config.js'
import type { NicRecord } from '#nic/record.js'
import type { Result } from '#result.js'
import type { Decide } from './decider.js'
import type { HostState } from './host-state.js'
import { type InstanceFacts, matchNics } from './match-nics.js'
import { type Stances, stanceOf } from './stances.js'
import type { RulesByTap } from './tap-rules.js'

/** What a node is like, as far as NICs go. */
export interface NodeFacts {
  readonly instances: readonly InstanceFacts[]
  readonly records: ReadonlyMap<IfName, NicRecord>
  readonly links: HostState['links']
  readonly rules: RulesByTap
  readonly stances: Stances
  readonly config: NicConfig
  /** Unix time. */
  readonly nowSeconds: number
}

/** A NIC of a running instance. */
export interface SurveyedNic {
  readonly nic: Nic
  /** Of this very tap and NIC. */
  readonly record: NicRecord | undefined
  /** When it was found running without having been set up by us; undefined for ours. */
  readonly adoptedAtSeconds: number | undefined
  /** What it should be like, or why nobody can say. */
  readonly desired: Result<DesiredNic, string>
}

/** What is there, and what has to be seen to. */
export interface Survey {
  readonly nics: readonly SurveyedNic[]
  /** Taps that are there while no running instance says so (yet): nothing of them is touched. */
  readonly pending: readonly IfName[]
  /** Taps of instances of which nobody can say which NIC they are. */
  readonly unknown: readonly IfName[]
  /** Records of taps that are gone. */
  readonly stale: readonly NicRecord[]
  /** Taps that are gone, have no record, and have left rules. */
  readonly staleRules: readonly IfName[]
}

/** Who is there, whose NIC it is and what was decided for it. */
export function surveyNics(facts: NodeFacts, decide: Decide): Survey {
  const { instances, records, links, rules } = facts
  const matched = instances.map((instance) => matchNics(instance, { records, links }))
  const found = matched.flatMap(({ nics }) => nics)
  const nics = found
    .filter(({ tap }) => !isComing(tap, facts))
    .map((nic) => judge(nic, facts, decide))
  const seen = new Set(nics.map(({ nic }) => nic.tap))
  const gone = (tap: IfName): boolean => !links.has(tap)
  return {
    nics,
    unknown: matched.flatMap(({ unknown }) => unknown),
    pending: [
      ...found.map(({ tap }) => tap).filter((tap) => !seen.has(tap)),
      ...[...records.keys()].filter((tap) => links.has(tap) && !seen.has(tap)),
    ].filter((tap, at, all) => all.indexOf(tap) === at),
    stale: [...records].flatMap(([tap, record]) => (gone(tap) ? [record] : [])),
    staleRules: [...rules.keys()].filter((tap) => gone(tap) && !records.has(tap)),
  }
}

/**
 * A tap that is down and was not set up by us: a guest is on its way here, and Ganeti runs its script for routed NICs only when it has
 * arrived.
 */
function isComing(tap: IfName, facts: NodeFacts): boolean {
  const link = facts.links.get(tap)
  return link !== undefined && !link.isUp && recordOf(tap, facts) === undefined
}

function judge(nic: Nic, facts: NodeFacts, decide: Decide): SurveyedNic {
  const { stances, config, nowSeconds, rules } = facts
  const found = recordOf(nic.tap, facts)
  const record = found?.nic.uuid === nic.uuid ? found : undefined
  // rules without a record: nic up has made them, and its record did not get to the disk; what was enforced stays so
  const isOurs = record === undefined && rules.has(nic.tap)
  const adoptedAtSeconds =
    record === undefined ? (isOurs ? undefined : nowSeconds) : record.adoptedAtSeconds
  const stance = stanceOf(nic, stances, { nowSeconds, adoptedAtSeconds })
  return { nic, record, adoptedAtSeconds, desired: decide(nic, { config, stance }) }
}

/** The record of a tap, if it is of this very tap and not of an earlier one of its name. */
function recordOf(tap: IfName, { records, links }: NodeFacts): NicRecord | undefined {
  const record = records.get(tap)
  return record?.ifindex === links.get(tap)?.ifindex ? record : undefined
}
