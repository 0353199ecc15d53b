/**
 * `okeanid nic list`: every NIC on this node, what holds for it and whether it is as decided. Reads the host itself, as root; changes
 * nothing and needs no running role, only the last DHCP comes from the responder's, if it runs.
 */
import { readdirSync } from 'node:fs'
import { parseIfName } from '#addr/if-name.js'
import { AgentError } from '#errors.js'
import { isTap } from '#kernel/tap-now.js'
import { rulesMissing } from '#nic/repair/differences.js'
import { alignedRows } from '#service/aligned-rows.js'
import { loadConfig } from '#service/config.js'
import { printLine } from '#service/log.js'
import type { NodeConfig } from '#service/node-config.js'
import { askStatusSocket } from '#service/status-socket.js'
import { repairPlaces } from './node-nics.js'
import { pathsOf } from './paths.js'
import { type ComparedNic, type Comparison, createComparer } from './repair-pass.js'
import type { NicStatus } from './responder-status.js'

/** How a NIC or a tap stands. */
export type NicState =
  /** As decided. */
  | 'ok'
  /** Something of it is not as decided: repair will mend it. */
  | 'wrong'
  /** Its rules or its tap are not there. */
  | 'missing'
  /** Its tap is gone, and what it left is not removed yet. */
  | 'stale'
  /** A tap that is there while no running instance says so: an instance is about to start or to arrive. */
  | 'pending'
  /** A tap of others. */
  | 'foreign'

/** One line of the list, as `--json` prints it. */
export interface ListedNic {
  readonly instance: string | null
  readonly index: number | null
  readonly tap: string
  readonly mac: string | null
  readonly ip: string | null
  readonly ip6: string | null
  readonly mode: string | null
  readonly link: string | null
  readonly network: string | null
  /** Of the firewall; `unknown` where the instance's tags are not known. */
  readonly profile: string | null
  readonly isProfileKnown: boolean
  readonly stance: string | null
  readonly isAdopted: boolean
  readonly state: NicState
  /** What is not as decided, one sentence each. */
  readonly differences: readonly string[]
  /** The responder's last answer by DHCP, and when. */
  readonly lastDhcp: string | null
}

/** Prints the list. @throws AgentError ROOT_NEEDED, PROGRAM_FAILED */
export async function printNics(
  location: { readonly file: string; readonly isRequired: boolean },
  { json }: { readonly json?: true },
): Promise<void> {
  requireRoot('the NICs of this node')
  const { config } = await loadConfig(location.file, location)
  const comparer = createComparer(repairPlaces(config))
  const comparison = await comparer.compare('all')
  const answers = await lastAnswers(config)
  const nics = [
    ...comparison.nics.map((nic) => listed(nic, answers.get(nic.nic.tap) ?? null)),
    ...others(comparison, comparer.node.instances()),
  ]
  if (json) printLine(JSON.stringify(nics, null, 2))
  else if (nics.length === 0) printLine('no instance runs on this node, and there is no tap')
  else for (const line of alignedRows([head, ...nics.map(row)])) printLine(line)
}

/** @throws AgentError ROOT_NEEDED */
export function requireRoot(what: string): void {
  if (process.getuid?.() !== 0)
    throw new AgentError('ROOT_NEEDED', `only root can see or change ${what}; run it as root`)
}

const head = ['INSTANCE', 'NIC', 'TAP', 'MAC', 'ADDRESS', 'PROFILE', 'STANCE', 'STATE', 'LAST DHCP']

function row(nic: ListedNic): readonly string[] {
  const [first] = nic.differences
  return [
    nic.instance ?? '-',
    nic.index === null ? '-' : String(nic.index),
    nic.tap,
    nic.mac ?? '-',
    [nic.ip, nic.ip6].filter((address) => address !== null).join(',') || '-',
    nic.profile === null ? '-' : nic.isProfileKnown ? nic.profile : `${nic.profile} (unknown)`,
    nic.stance === null ? '-' : nic.isAdopted ? `${nic.stance} (adopted)` : nic.stance,
    first === undefined ? nic.state : `${nic.state}: ${first}`,
    nic.lastDhcp ?? '-',
  ]
}

function listed(compared: ComparedNic, lastDhcp: string | null): ListedNic {
  const { nic, desired, differences, adoptedAtSeconds } = compared
  const decided = desired.ok ? desired.value : undefined
  return {
    instance: nic.instance,
    index: nic.index,
    tap: nic.tap,
    mac: nic.mac,
    ip: nic.ip ?? null,
    ip6: nic.ip6 ?? null,
    mode: nic.mode,
    link: nic.link,
    network: nic.network?.name ?? null,
    profile: decided?.firewall.profile ?? null,
    isProfileKnown: decided?.firewall.isKnown ?? false,
    stance: decided?.stance ?? null,
    isAdopted: adoptedAtSeconds !== undefined,
    state: stateOf(compared),
    differences: desired.ok ? differences.map(({ what }) => what) : [desired.problem],
    lastDhcp,
  }
}

function stateOf({ desired, differences }: ComparedNic): NicState {
  if (desired.ok && differences.length === 0) return 'ok'
  return differences.some(({ what }) => what === rulesMissing) ? 'missing' : 'wrong'
}

/** Taps and records without a NIC that is known to run. */
function others(
  { survey, nics }: Comparison,
  instances: readonly {
    readonly name: string
    readonly taps: readonly { readonly tap: string }[]
  }[],
): readonly ListedNic[] {
  const known = new Set<string>([...nics.map(({ nic }) => nic.tap), ...survey.pending])
  const there = new Set(readdirSync('/sys/class/net'))
  const taps = [...there].flatMap((name) => {
    const tap = parseIfName(name)
    return tap !== undefined && isTap(tap) ? [tap] : []
  })
  const missing = instances.flatMap(({ name, taps: own }) =>
    own.filter(({ tap }) => !there.has(tap)).map(({ tap }) => ({ name, tap })),
  )
  return [
    ...missing.map(({ name, tap }) => ({ ...unknownNic(tap, 'missing'), instance: name })),
    ...survey.pending.map((tap) => unknownNic(tap, 'pending')),
    ...survey.stale.map(({ nic }) => ({
      ...unknownNic(nic.tap, 'stale'),
      instance: nic.instance,
      mac: nic.mac,
    })),
    ...survey.staleRules.map((tap) => unknownNic(tap, 'stale')),
    ...taps.filter((tap) => !known.has(tap)).map((tap) => unknownNic(tap, 'foreign')),
  ]
}

function unknownNic(tap: string, state: NicState): ListedNic {
  return {
    instance: null,
    index: null,
    tap,
    mac: null,
    ip: null,
    ip6: null,
    mode: null,
    link: null,
    network: null,
    profile: null,
    isProfileKnown: false,
    stance: null,
    isAdopted: false,
    state,
    differences: [],
    lastDhcp: null,
  }
}

/** What the responder told each tap last, if it runs. */
async function lastAnswers(config: NodeConfig): Promise<ReadonlyMap<string, string>> {
  try {
    const text = await askStatusSocket(pathsOf(config).statusSocket('responder'), '/nics')
    return new Map(
      (JSON.parse(text) as readonly NicStatus[]).flatMap(({ tap, lastAnswer, lastAnswerMs }) =>
        lastAnswerMs === null
          ? []
          : [[tap, `${lastAnswer} ${new Date(lastAnswerMs).toISOString().slice(0, 19)}Z`] as const],
      ),
    )
  } catch (error) {
    if (!(error instanceof AgentError)) throw error
    return new Map()
  }
}
