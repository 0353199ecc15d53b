/**
 * Keeps the NICs of running instances as they were decided.
 *
 * Start-up: one pass over all; NICs that run already and that we have not set up are adopted, that is observed. Steady state: a pass
 * over the rules when somebody else changes them (at once when a table of ours went), a pass over all when interfaces, Ganeti's files,
 * the configuration, stances or tags change, and every few minutes. A tap that goes is cleaned up after at once: its entries on the uplink
 * would mislead the router. Failure: what cannot be mended is told and tried again, ever less often. What is right is never
 * written, so our own changes end after one more look.
 */

import path from 'node:path'
import { type IfName, parseIfName } from '#addr/if-name.js'
import { backoffMs } from '#backoff.js'
import { AgentError, systemCode } from '#errors.js'
import { readRecord } from '#kernel/nic-files.js'
import type { RulesetChange, RulesetFollower } from '#kernel/ruleset-watch.js'
import { parseNicRecord } from '#nic/record.js'
import { nextEndSeconds } from '#nic/repair/stances.js'
import type { Log } from '#service/log.js'
import type { Task } from '#service/tasks.js'
import { createWakeup } from '#watch/wakeup.js'
import { createClaimsStore } from './claims-store.js'
import { createLostRules, mendedBefore, nothingBack } from './lost-rules.js'
import { mendNics } from './mend-nics.js'
import { createMovedGuests } from './moved-guests.js'
import { takeDownNic } from './nic-down.js'
import { type RepairPlaces, removeOldTags } from './node-nics.js'
import type { TimedHook } from './post-hook-task.js'
import {
  type ComparedNic,
  type Comparison,
  createComparer,
  isAboutRules,
  type Scope,
} from './repair-pass.js'
import { createPatience, createSecondLook } from './repair-patience.js'
import {
  lookedAt,
  nothingRepaired,
  problemsOf,
  type RepairState,
  reportGone,
  reportMended,
} from './repair-report.js'
import { createRepairSchedule } from './repair-schedule.js'
import { openTriggers } from './repair-triggers.js'
import { removeStaleRules } from './stale-rules.js'

/** The task and what can be asked about it. */
export interface Repair {
  readonly task: Task
  state(): RepairState
  /** A hook has told of a change of an instance that may run here. */
  onHook(hook: Pick<TimedHook, 'instance' | 'tags' | 'timeSeconds'>): void
  /** Calls back when a whole table of our name went: queueing rules are in such tables too. */
  onLoss(listener: () => void): void
}

/** Changes of a kind come in bursts. */
const gatherMs = { rules: 100, all: 300 } as const

const retryPolicy = { firstMs: 5000, maxMs: 300_000 }

/** Who holds a tap's lock is done soon. */
const busyMs = 1000

/** A guest that comes or goes has come or gone by then. */
const secondLookMs = 2000

/** Grace lasts longer. */
const graceAgainMs = 120_000

/** The task that repairs. */
export function repairTask({
  places,
  everyMs,
  log,
}: {
  readonly places: RepairPlaces
  readonly everyMs: number
  readonly log: Log
}): Repair {
  const comparer = createComparer(places)
  const grace = createMovedGuests()
  const claims = createClaimsStore(path.join(path.dirname(places.stancesFile), 'claims.json'))
  const lost = createLostRules({ runtimeDirectory: places.runtimeDirectory, claims })
  const patience = createPatience(retryPolicy)
  const secondLook = createSecondLook()
  const listeners: (() => void)[] = []
  const schedule = createRepairSchedule()
  let state = nothingRepaired
  let lostAtMs: number | undefined
  let wake = (): void => undefined
  let unheard: RulesetFollower['unheard'] = (work) => work()

  function ask(scope: Scope, inMs: number): void {
    schedule.ask(scope, performance.now() + inMs)
    wake()
  }

  function onRuleset({ isLoss, by }: RulesetChange): void {
    ask('rules', isLoss ? 0 : gatherMs.rules)
    if (!isLoss) return
    lostAtMs ??= performance.now()
    log('warning', 'rules-lost', { by })
    for (const listener of listeners) listener()
  }

  function onGone(name: string): void {
    const tap = parseIfName(name)
    if (tap !== undefined) void forget(tap).catch(() => ask('all', busyMs)) // the next pass finds it again
  }

  /** Takes away what a tap has left behind, if it is gone. */
  async function forget(tap: IfName): Promise<void> {
    const text = readRecord(places.recordsDirectory, tap)
    const record = text === undefined ? undefined : parseNicRecord(text)
    if (record?.ok !== true) return
    const { isRemoved, warnings } = await takeDownNic(record.value.nic, places)
    for (const warning of warnings) log('warning', 'nic-not-forgotten', { tap, why: warning })
    if (!isRemoved) return
    state = { ...state, forgotten: state.forgotten + 1 }
    reportGone(record.value.nic, { log, spoolDirectory: places.spoolDirectory })
  }

  async function pass(scope: Scope): Promise<void> {
    const startedMs = performance.now()
    const lostMs = lostAtMs
    const back = lostMs === undefined ? nothingBack() : await lost.putBack(unheard)
    const comparison = await comparer.compare(scope)
    if (scope === 'all') {
      for (const { nic } of comparison.survey.stale) await forget(nic.tap)
      await removeStaleRules(comparison.survey.staleRules, places)
      if (await grace.give(comparison)) ask('all', graceAgainMs)
      removeOldTags(places.tagsSpool, comparison.running)
    }
    const wrong = comparison.nics.filter((compared) => isToMend(compared, scope))
    const outcome =
      wrong.length === 0
        ? undefined
        : await mendNics(wrong, { places, node: comparer.node, claimLines: claims.lines })
    const busy = outcome?.busy ?? []
    const mended = [...mendedBefore(comparison, back.taps), ...(outcome?.mended ?? [])]
    const rulesAtMs = (wrong.some(isAboutRules) ? outcome?.rulesAtMs : back.atMs) ?? back.atMs
    if (busy.length > 0) ask(scope, busyMs)
    for (const { compared, problem } of mended) {
      const waitMs = patience.note(compared.nic.tap, problem === undefined)
      if (waitMs !== undefined) ask('all', waitMs)
    }
    reportMended(mended, { log, spoolDirectory: places.spoolDirectory })
    // a loss of which we hear only after we have seen it ourselves
    const isWhole = mended.length > 0 && mended.length === comparison.nics.length
    const sinceMs = lostMs ?? (isWhole ? lostAtMs : undefined)
    const openMs = sinceMs === undefined ? undefined : Math.max(0, Math.round(rulesAtMs - sinceMs))
    told(comparison, { scope, mended, startedMs, openMs })
    const decided = comparison.nics.flatMap(({ desired }) => (desired.ok ? [desired.value] : []))
    if (scope === 'all') await claims.keep(decided)
    await lost.keep(comparison)
  }

  /** NICs that failed lately have to wait: whoever fights us shall not keep a processor busy. */
  function isToMend({ nic, record, differences }: ComparedNic, scope: Scope): boolean {
    if (!differences.some(({ steps }) => steps.length > 0)) return false
    if (scope === 'rules' && record === undefined) return false
    return patience.isDue(nic.tap)
  }

  function told(
    comparison: Comparison,
    {
      scope,
      mended,
      startedMs,
      openMs,
    }: {
      readonly scope: Scope
      readonly mended: Awaited<ReturnType<typeof mendNics>>['mended']
      readonly startedMs: number
      readonly openMs: number | undefined
    },
  ): void {
    const good = mended.filter(({ problem }) => problem === undefined)
    const adopted = good.filter(
      ({ compared }) => compared.record === undefined && compared.adoptedAtSeconds !== undefined,
    ).length
    state = {
      ...state,
      repaired: state.repaired + good.length - adopted,
      adopted: state.adopted + adopted,
      failure: undefined,
    }
    if (openMs !== undefined) {
      state = { ...state, losses: state.losses + 1, lastOpenMs: openMs }
      log('warning', 'rules-back', { nics: good.length, open_ms: openMs })
      lostAtMs = undefined
    }
    if (scope === 'rules') return
    const problems = problemsOf(comparison)
    const { confirmed, isOpen } = secondLook.see(problems)
    for (const why of confirmed) log('error', 'nic-wrong', { why })
    if (isOpen) ask('all', secondLookMs)
    const wrong = mended.length - good.length + problems.length
    const tookMs = Math.round(performance.now() - startedMs)
    state = { ...state, ...lookedAt(comparison, { problems, wrong, tookMs }) }
  }

  /** A stance that ends is a change that nobody tells. */
  function nextStanceMs(): number {
    const nowSeconds = Date.now() / 1000
    const end = nextEndSeconds(comparer.node.stances(), nowSeconds)
    return end === undefined ? Number.POSITIVE_INFINITY : (end - nowSeconds) * 1000
  }

  return {
    state: () => state,
    onHook({ instance, tags, timeSeconds }) {
      comparer.node.learnTags(instance, { tags, timeSeconds })
      ask('all', 0)
    },
    onLoss: (listener) => void listeners.push(listener),
    task: {
      name: 'repair',
      async run(signal) {
        const wakeup = createWakeup(signal)
        wake = wakeup.wake
        const soon = (): void => ask('all', gatherMs.all)
        const triggers = openTriggers({ places, onSoon: soon, onRuleset, onGone, signal })
        unheard = triggers.unheard
        let attempt = 0
        while (!signal.aborted) {
          await triggers.ensure()
          const nowMs = performance.now()
          const scope = schedule.take(nowMs, lostAtMs !== undefined)
          if (scope === undefined) {
            await wakeup.sleep(schedule.nextMs() - nowMs)
            continue
          }
          if (scope === 'all') schedule.ask('all', nowMs + Math.min(everyMs, nextStanceMs()))
          try {
            await pass(scope)
            attempt = 0
          } catch (error) {
            if (!isOfHost(error)) throw error
            if (state.failure !== error.message)
              log('error', 'repair-failed', { error: error.message })
            state = { ...state, failure: error.message }
            ask(scope, backoffMs(retryPolicy, attempt++, Math.random()))
          }
        }
      },
    },
  }
}

/** Whether the host refused something; all else is a bug. */
function isOfHost(error: unknown): error is Error {
  return error instanceof AgentError || systemCode(error) !== undefined
}
