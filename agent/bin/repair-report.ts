import type { Nic } from '#nic/nic.js'
import type { Log } from '#service/log.js'
import type { Mended } from './mend-nics.js'
import { asciiLine } from './nic-notice.js'
import type { Comparison } from './repair-pass.js'
import { spoolEvent } from './spool-event.js'

/** How the NICs of running instances stand, and what was done since the start. */
export interface RepairState {
  /** Undefined before the first pass. */
  readonly last:
    | {
        readonly nics: number
        readonly wrong: number
        readonly pending: number
        readonly tookMs: number
      }
    | undefined
  /** By stance: `enforce`, `observe`, `disabled`. */
  readonly stances: Readonly<Record<string, number>>
  /** IPv6 of a guest is routed. */
  readonly hasRouted6: boolean
  readonly repaired: number
  readonly adopted: number
  /** Taps that went and were cleaned up after. */
  readonly forgotten: number
  /** How often our rules went as a whole, and for how long the last time. */
  readonly losses: number
  readonly lastOpenMs: number | undefined
  /** NICs that cannot be as decided, one sentence each. */
  readonly problems: readonly string[]
  /** Why the last pass failed. */
  readonly failure: string | undefined
}

/** The state before anything was done. */
export const nothingRepaired: RepairState = {
  last: undefined,
  stances: {},
  hasRouted6: false,
  repaired: 0,
  adopted: 0,
  forgotten: 0,
  losses: 0,
  lastOpenMs: undefined,
  problems: [],
  failure: undefined,
}

/** Tells the log and the centre what was mended, NIC by NIC. */
export function reportMended(
  mended: readonly Mended[],
  { log, spoolDirectory }: { readonly log: Log; readonly spoolDirectory: string },
): void {
  for (const { compared, problem } of mended) {
    const { nic, record, adoptedAtSeconds, decided } = compared
    const isNew = record === undefined && adoptedAtSeconds !== undefined
    const what = compared.differences.map((difference) => difference.what)
    const fields = { tap: nic.tap, instance: nic.instance }
    if (problem !== undefined) log('error', 'nic-not-repaired', { ...fields, why: problem })
    else if (isNew) log('info', 'nic-adopted', { ...fields, stance: decided?.desired.stance })
    else log('warning', 'nic-repaired', { ...fields, differences: what.length, first: what[0] })
    if (isNew) continue
    const reason = problem === undefined ? what.join('; ') : `not repaired: ${problem}`
    tell(nic, { spoolDirectory, status: problem === undefined ? 'repaired' : 'failed', reason })
  }
}

/** Tells the centre that a NIC is gone. */
export function reportGone(
  nic: Nic,
  { log, spoolDirectory }: { readonly log: Log; readonly spoolDirectory: string },
): void {
  log('info', 'nic-gone', { tap: nic.tap, instance: nic.instance })
  tell(nic, { spoolDirectory, status: 'down', reason: undefined })
}

/** NICs that nobody can decide or mend, one sentence each. */
export function problemsOf({ nics, survey }: Comparison): readonly string[] {
  return [
    ...nics.flatMap(({ nic, desired, differences }) => {
      const name = `${nic.tap} of ${nic.instance}`
      if (!desired.ok) return [`${name}: ${desired.problem}`]
      return differences.flatMap(({ what, steps }) =>
        steps.length === 0 ? [`${name}: ${what}`] : [],
      )
    }),
    ...survey.unknown.map((tap) => `${tap}: nobody can say which NIC of its instance it is`),
  ]
}

/** What a look at all NICs says. */
export function lookedAt(
  comparison: Comparison,
  {
    problems,
    wrong,
    tookMs,
  }: {
    readonly problems: readonly string[]
    readonly wrong: number
    readonly tookMs: number
  },
): Pick<RepairState, 'last' | 'stances' | 'problems' | 'hasRouted6'> {
  const { nics, survey } = comparison
  return {
    problems,
    stances: countStances(comparison),
    hasRouted6: nics.some(
      ({ desired }) =>
        desired.ok &&
        desired.value.attachment.kind === 'routed' &&
        desired.value.attachment.routes6.length > 0,
    ),
    last: { nics: nics.length, wrong, pending: survey.pending.length, tookMs },
  }
}

/** How many NICs have each stance. */
function countStances({ nics }: Comparison): RepairState['stances'] {
  const counts: Record<string, number> = {}
  for (const { desired } of nics) {
    const stance = desired.ok ? desired.value.stance : 'undecided'
    counts[stance] = (counts[stance] ?? 0) + 1
  }
  return counts
}

/** A fact that cannot be left is no reason for anything: the disk is full. */
function tell(
  nic: Nic,
  {
    spoolDirectory,
    status,
    reason,
  }: {
    readonly spoolDirectory: string
    readonly status: 'repaired' | 'failed' | 'down'
    readonly reason: string | undefined
  },
): void {
  const { tap, instance, mac, index, name, uuid, mode, link, ip, ip6, network } = nic
  const shown = { tap, mac, index, name, uuid, mode, link, ip, ip6, network: network?.name }
  try {
    const line = reason === undefined ? undefined : asciiLine(reason)
    spoolEvent(spoolDirectory, { kind: 'nic', status, instance, reason: line, nic: shown })
  } catch {
    // told in the log all the same
  }
}
