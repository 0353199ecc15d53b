/**
 * `okeanid nic up`: sets up one tap before its guest starts.
 *
 * Ganeti waits for it, so it reads no INI, asks no daemon and runs as few programs as may be: one `nft`. It is all or
 * nothing: a NIC that cannot be isolated as was decided is left closed, and the start fails with one sentence. What is not isolation
 * (the responder's binding, the record, the event) never fails a start. Where an administrator broke the glass, guests start whatever
 * fails, and the log says so.
 */

import { applySteps } from '#kernel/apply-steps.js'
import { readNicFacts } from '#kernel/host-nic-facts.js'
import { writeRecord } from '#kernel/nic-files.js'
import { readTapRules } from '#kernel/rule-dump.js'
import type { FileLock } from '#lock/file-lock.js'
import { lockBridge, lockTap } from '#lock/nic-locks.js'
import { decideNic } from '#nic/decide.js'
import type { DesiredNic } from '#nic/desired.js'
import type { NicFacts } from '#nic/facts.js'
import { leftOf } from '#nic/left.js'
import type { Nic } from '#nic/nic.js'
import { defaultNicConfig, type NicConfig } from '#nic/nic-config.js'
import { planUp } from '#nic/plan.js'
import { environmentOf, formatNicRecord } from '#nic/record.js'
import { stanceOf } from '#nic/repair/stances.js'
import { graceScript } from '#nic/rules/learn.js'
import { rulesDigestOf } from '#nic/rules/rules-digest.js'
import type { Step } from '#nic/step.js'
import { err, ok, type Result } from '#result.js'
import { tryLock } from './nic-addon.js'
import { isGlassBroken, readCompiled, readStances } from './nic-compiled.js'
import { clearEarlier } from './nic-earlier.js'
import type { NicPlaces } from './nic-places.js'

/** How it went: what the log is told of, or why the start must fail. */
export type UpResult = Result<
  { readonly warnings: readonly string[]; readonly isGlassBroken: boolean },
  string
>

/** A set-up of this NIC or its bridge by somebody else is waited for so long. */
const lockWaitMs = 30_000

/** What is set up, for whom. */
interface Request {
  readonly nic: Nic
  /** The guest comes from another node, where it has tested its addresses. */
  readonly isIncoming: boolean
  readonly config: NicConfig
  readonly places: NicPlaces
}

/** Sets up a NIC. Never throws for what a host can be like. */
export async function setUpNic(
  nic: Nic,
  { places, isIncoming }: { readonly places: NicPlaces; readonly isIncoming: boolean },
): Promise<UpResult> {
  const { config, warnings, problem } = readCompiled(places)
  const request = { nic, isIncoming, config, places }
  const done = problem === undefined ? await underLock(request) : err(problem)
  if (done.ok) return ok({ warnings: [...warnings, ...done.value], isGlassBroken: false })
  if (!isGlassBroken(places)) return done
  const rest = await setUpWhateverFails(request)
  return ok({ warnings: [...warnings, done.problem, ...rest], isGlassBroken: true })
}

async function underLock(request: Request): Promise<Result<readonly string[], string>> {
  const { tap } = request.nic
  const { runtimeDirectory } = request.places
  using locks = new Locks()
  const asked = { runtimeDirectory, name: tap, waitMs: lockWaitMs, tryLock: tryLock() }
  const lock = locks.add(await lockTap(asked))
  if (!lock.ok) return err(`${tap} is being changed ${lock.problem}`)
  const done = await decideAndApply(request, locks)
  return done.ok ? ok([...lock.value, ...done.value]) : done
}

/** @returns warnings, or the problem */
async function decideAndApply(
  { nic, isIncoming, config, places }: Request,
  locks: Locks,
): Promise<Result<readonly string[], string>> {
  const stance = stanceOf(nic, readStances(places), { nowSeconds: nowSeconds() })
  const desired = decideNic(nic, { config, stance })
  if (!desired.ok) return desired
  const earlier = await clearEarlier(nic, places)
  const bridge = await lockPrivateBridge(desired.value, { places, locks })
  if (!bridge.ok) return bridge
  const facts = await readNicFacts(desired.value)
  const plan = planUp(desired.value, facts)
  if (!plan.ok) return plan
  const steps = [...plan.value, ...(isIncoming ? graceSteps(desired.value) : [])]
  const applied = await applySteps(steps, applyOptions(nic, places))
  if (!applied.ok) {
    const { step, problem, leftovers } = applied.problem
    return err([`cannot ${step}: ${problem}`, ...leftovers].join('; '))
  }
  const record = remember({
    nic,
    desired: desired.value,
    facts,
    config,
    places,
  })
  return ok([...earlier, ...bridge.value, ...applied.value.warnings, ...record])
}

/** A guest that has moved does not test its addresses again: where they are learnt it may go on with them. */
function graceSteps({ nic, guard }: DesiredNic): readonly Step[] {
  if (guard.sources6.policy !== 'learn') return []
  const script = graceScript(nic.tap)
  return [{ kind: 'rules', what: `let ${nic.tap} go on`, need: 'may', script, undo: '' }]
}

/** Two NICs may want the same private bridge at once: what each finds must still be so when it acts. */
async function lockPrivateBridge(
  { attachment }: DesiredNic,
  { places, locks }: { readonly places: NicPlaces; readonly locks: Locks },
): Promise<Result<readonly string[], string>> {
  if (attachment.kind !== 'bridged' || attachment.privateVlan === undefined) return ok([])
  const { runtimeDirectory } = places
  const name = attachment.bridge
  const lock = locks.add(
    await lockBridge({ runtimeDirectory, name, waitMs: lockWaitMs, tryLock: tryLock() }),
  )
  return lock.ok ? lock : err(`bridge ${name} is being changed ${lock.problem}`)
}

/** The glass is broken: each step that can be applied is, with the rules that are there where none can be put in place. */
async function setUpWhateverFails({ nic, config, places }: Request): Promise<readonly string[]> {
  const attempts = [
    { config, stance: undefined },
    { config: defaultNicConfig(), stance: undefined },
    { config: defaultNicConfig(), stance: 'disabled' as const },
  ]
  for (const attempt of attempts) {
    const desired = decideNic(nic, attempt)
    if (!desired.ok) continue
    const plan = planUp(desired.value, await readNicFacts(desired.value))
    if (!plan.ok) continue
    const options = { ...applyOptions(nic, places), keepsGoing: true }
    const applied = await applySteps(plan.value, options)
    return applied.ok ? applied.value.warnings : [applied.problem.problem]
  }
  return [`${nic.tap} is left as Ganeti made it`]
}

function applyOptions(nic: Nic, { nicsDirectory, recordsDirectory }: NicPlaces) {
  return { tap: nic.tap, nicsDirectory, recordsDirectory, environment: environmentOf(nic) }
}

/** Writes the NIC's record, from which repair and `nic down` know what was done; a full disk does not fail a start. */
function remember({
  nic,
  desired,
  facts,
  config,
  places,
}: {
  readonly nic: Nic
  readonly desired: DesiredNic
  readonly facts: NicFacts
  readonly config: NicConfig
  readonly places: NicPlaces
}): readonly string[] {
  const text = formatNicRecord({
    nic,
    stance: desired.stance,
    ifindex: facts.tap?.ifindex ?? 0,
    atSeconds: nowSeconds(),
    config: config.fingerprint,
    scriptDigest: rulesDigestOf(desired),
    rulesDigest: digestInPlace(nic),
    adoptedAtSeconds: undefined,
    left: leftOf(desired, facts),
  })
  try {
    writeRecord(places.recordsDirectory, nic.tap, text)
    return []
  } catch (error) {
    return [`its record is not written: ${error instanceof Error ? error.message : String(error)}`]
  }
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}

/** What repair compares with; where the addon cannot say, it finds out itself. */
function digestInPlace({ tap }: Nic): string | undefined {
  try {
    return readTapRules(tap).get(tap)?.digest
  } catch {
    return undefined
  }
}

/** The locks that are held. */
class Locks implements Disposable {
  readonly #held: FileLock[] = []

  /** @returns warnings, or who has it */
  add(lock: Awaited<ReturnType<typeof lockTap>>): Result<readonly string[], string> {
    if (lock.ok) {
      this.#held.push(lock.value)
      return ok([])
    }
    return lock.problem.kind === 'held'
      ? err(
          `by process ${lock.problem.holder} for more than ${lockWaitMs / 1000} s; see what it waits for`,
        )
      : ok(['no lock is taken, for flock(1) does not run; install util-linux'])
  }

  [Symbol.dispose](): void {
    for (const lock of this.#held) lock.close()
  }
}
