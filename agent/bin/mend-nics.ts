import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { applyBatch } from '#kernel/apply-batch.js'
import { applyScripts } from '#kernel/apply-scripts.js'
import { applySteps } from '#kernel/apply-steps.js'
import { readTap } from '#kernel/host-nic-facts.js'
import { writeBinding, writeRecord } from '#kernel/nic-files.js'
import { readTapRules } from '#kernel/rule-dump.js'
import { lockTaps } from '#kernel/tap-locks.js'
import type { DesiredNic } from '#nic/desired.js'
import { leftOf } from '#nic/left.js'
import { environmentOf, formatNicRecord, type NicRecord } from '#nic/record.js'
import { rulesDigestOf } from '#nic/rules/rules-digest.js'
import type { Step } from '#nic/step.js'
import type { NodeReader, RepairPlaces } from './node-nics.js'
import { bareNics, type ComparedNic } from './repair-pass.js'

/** How the mending of one NIC went. */
export interface Mended {
  readonly compared: ComparedNic
  /** Undefined: it is as it should be now. */
  readonly problem: string | undefined
}

/** What was done, and what was left to whoever is at work there. */
export interface MendOutcome {
  /** When the rules were in place: monotonic clock. */
  readonly rulesAtMs: number
  readonly mended: readonly Mended[]
  /** `nic up` or `nic down` has their locks, or has had them meanwhile. */
  readonly busy: readonly string[]
}

/** With what NICs are mended. */
export interface MendParts {
  readonly places: RepairPlaces
  readonly node: NodeReader
  /** More lines for the transaction that gives these NICs rules, who have none: what their guests had claimed. */
  readonly claimLines: (desired: readonly DesiredNic[]) => readonly string[]
}

/**
 * Mends NICs: all rules in one transaction, all lines of ip in one batch. What one NIC cannot have is told, and the others get theirs.
 *
 * @throws Error with `code` when locks or records cannot be written
 */
export async function mendNics(
  wrong: readonly ComparedNic[],
  { places, node, claimLines }: MendParts,
): Promise<MendOutcome> {
  const locks = lockTaps(
    places.runtimeDirectory,
    wrong.map(({ nic }) => nic.tap),
  )
  try {
    const now = node.records()
    const ready = wrong.filter((compared) => isStill(compared, { held: locks.held, now }))
    const problems = new Map<ComparedNic, string>()
    await mendRules(ready, { problems, claimLines })
    const rulesAtMs = performance.now()
    await mendRest(ready, { problems, places })
    await remember(ready, { problems, places })
    const readySet = new Set(ready)
    return {
      rulesAtMs,
      mended: ready.map((compared) => ({ compared, problem: problems.get(compared) })),
      busy: wrong.filter((compared) => !readySet.has(compared)).map(({ nic }) => nic.tap),
    }
  } finally {
    locks.close()
  }
}

/** Whether what was compared still holds, now that nobody else can change it: the same tap, the same record. */
function isStill(
  { nic, record }: ComparedNic,
  {
    held,
    now,
  }: { readonly held: ReadonlySet<string>; readonly now: ReadonlyMap<string, NicRecord> },
): boolean {
  if (held.has(nic.tap)) return false
  const found = now.get(nic.tap)
  const ifindex = readTap(nic.tap)?.ifindex
  if (record === undefined) return ifindex !== undefined && found?.ifindex !== ifindex
  return record.ifindex === ifindex && found === record
}

/** In one transaction; when that is refused, in halves, until it is known whose rules the kernel does not take. */
async function mendRules(
  nics: readonly ComparedNic[],
  {
    problems,
    claimLines,
  }: {
    readonly problems: Map<ComparedNic, string>
    readonly claimLines: MendParts['claimLines']
  },
): Promise<void> {
  const scripts = nics.flatMap((compared) =>
    stepsOf(compared).flatMap((step) => (step.kind === 'rules' ? [step.script] : [])),
  )
  if (scripts.length === 0) return
  try {
    await applyScripts([...scripts, ...claimLines(bareNics(nics))])
  } catch (error) {
    const [only] = nics
    if (nics.length > 1) {
      const half = Math.ceil(nics.length / 2)
      for (const part of [nics.slice(0, half), nics.slice(half)])
        await mendRules(part, { problems, claimLines })
    } else if (only !== undefined) problems.set(only, sentence(error))
  }
}

async function mendRest(
  nics: readonly ComparedNic[],
  {
    problems,
    places,
  }: { readonly problems: Map<ComparedNic, string>; readonly places: RepairPlaces },
): Promise<void> {
  const lines: { readonly compared: ComparedNic; readonly step: IpStep }[] = []
  for (const compared of nics) {
    const steps = stepsOf(compared).filter(({ kind }) => kind !== 'rules')
    if (steps.some(isOfSetUp)) {
      const problem = await applyWhole(compared, { steps, places })
      if (problem !== undefined) problems.set(compared, problem)
      continue
    }
    for (const step of steps) {
      if (step.kind === 'ip') lines.push({ compared, step })
      else {
        const problem = await applyOne(compared, { step, places })
        if (problem !== undefined && step.need === 'must') problems.set(compared, problem)
      }
    }
  }
  for (let rest = lines; rest.length > 0; ) {
    const { doneCount, failure } = await applyBatch(rest.map(({ step }) => step))
    const failed = rest[doneCount]
    if (failure !== undefined && failed !== undefined)
      problems.set(failed.compared, failure.problem)
    rest = rest.slice(doneCount + 1)
  }
}

type IpStep = Extract<Step, { readonly kind: 'ip' }>

/** Steps of a whole set-up have to go in their order. */
function isOfSetUp(step: Step): boolean {
  return (
    step.kind === 'bridge' || step.kind === 'ovs' || (step.kind === 'ip' && step.undo.length > 0)
  )
}

/** A guest runs there: what cannot be done is told, but nothing is undone. */
async function applyWhole(
  { nic }: ComparedNic,
  { steps, places }: { readonly steps: readonly Step[]; readonly places: RepairPlaces },
): Promise<string | undefined> {
  const applied = await applySteps(steps, {
    tap: nic.tap,
    nicsDirectory: places.nicsDirectory,
    recordsDirectory: places.recordsDirectory,
    environment: environmentOf(nic),
    keepsGoing: true,
  })
  if (!applied.ok) return applied.problem.problem
  return applied.value.warnings.length === 0 ? undefined : applied.value.warnings.join('; ')
}

async function applyOne(
  { nic }: ComparedNic,
  { step, places }: { readonly step: Step; readonly places: RepairPlaces },
): Promise<string | undefined> {
  try {
    if (step.kind === 'sysctl')
      for (const [name, value] of step.values) writeFileSync(path.join('/proc/sys', name), value)
    else if (step.kind === 'binding') writeBinding(places.nicsDirectory, nic.tap, step.text)
    return undefined
  } catch (error) {
    return `${step.what}: ${sentence(error)}`
  }
}

/** Writes what was decided and what the kernel made of it, for the next comparison. */
async function remember(
  nics: readonly ComparedNic[],
  {
    problems,
    places,
  }: { readonly problems: ReadonlyMap<ComparedNic, string>; readonly places: RepairPlaces },
): Promise<void> {
  const good = nics.filter((compared) => !problems.has(compared))
  const [only] = good
  if (only === undefined) return
  const rules = good.length === 1 ? readTapRules(only.nic.tap) : readTapRules()
  for (const { nic, record, decided, adoptedAtSeconds, config } of good) {
    const ifindex = readTap(nic.tap)?.ifindex
    if (decided === undefined || ifindex === undefined) continue
    const { desired, facts } = decided
    const left = facts === undefined ? record?.left : leftOf(desired, facts)
    if (left === undefined) continue
    const text = formatNicRecord({
      nic,
      stance: desired.stance,
      ifindex,
      atSeconds: record?.atSeconds ?? Math.floor(Date.now() / 1000),
      config,
      scriptDigest: rulesDigestOf(desired),
      rulesDigest: rules.get(nic.tap)?.digest,
      adoptedAtSeconds,
      left,
    })
    const isSame = record !== undefined && text === formatNicRecord(record)
    if (!isSame) writeRecord(places.recordsDirectory, nic.tap, text)
  }
}

function stepsOf({ differences }: ComparedNic): readonly Step[] {
  return differences.flatMap(({ steps }) => steps)
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
