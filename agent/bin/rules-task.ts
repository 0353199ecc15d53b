import { setTimeout as delay } from 'node:timers/promises'
import { backoffMs } from '#backoff.js'
import type { NicService } from '#binding/service.js'
import { AgentError } from '#errors.js'
import {
  openQueueing,
  type Queueing,
  type QueueingOptions,
  type QueueingOutcome,
} from '#kernel/queueing.js'
import { readGeneration } from '#kernel/rule-dump.js'
import { servedTaps } from '#nic/queueing/plan.js'
import type { Log } from '#service/log.js'
import type { Task } from '#service/tasks.js'
import type { BindingChange } from '#watch/bindings.js'
import { createWakeup } from '#watch/wakeup.js'

/** How the rules stand. */
export interface RulesState {
  /** Undefined before they were put in place for the first time. */
  readonly outcome: QueueingOutcome | undefined
  /** Taps that are served. */
  readonly tapCount: number
  /** How often somebody else's change was found and repaired. */
  readonly repairCount: number
  /** Why they are not as they should be; undefined when they are. */
  readonly problem: string | undefined
}

/** Yields bindings; calls `onLoaded` when all that were there at the start have been yielded. */
export type FollowBindings = (options: {
  readonly signal: AbortSignal
  readonly onLoaded: () => void
}) => AsyncIterable<readonly BindingChange[]>

/** The task and what can be asked about it. */
export interface RulesTask {
  readonly task: Task
  state(): RulesState
}

/** How often the rules are looked at: rulesets get flushed by whoever reloads a firewall. */
const checkEveryMs = 15_000

/** Changes that come within this time are one transaction: a node's start brings hundreds. */
const gatherMs = 30

const retryPolicy = { firstMs: 1000, maxMs: 30_000 }

/**
 * Follows the bindings and keeps the queueing rules as they ask. Rules stay when the task ends, over restarts and upgrades;
 * `okeanid queueing remove` removes them.
 *
 * @param options.follow the bindings, as `followBindings` yields them
 */
export function rulesTask({
  options,
  follow,
  onLoss,
  log,
}: {
  readonly options: QueueingOptions
  readonly follow: FollowBindings
  /** Takes who is called when somebody else has removed whole tables of ours. */
  readonly onLoss: (listener: () => void) => void
  readonly log: Log
}): RulesTask {
  const services = new Map<string, NicService>()
  let state: RulesState = { outcome: undefined, tapCount: 0, repairCount: 0, problem: undefined }
  let isLoaded = false
  let hasNews = false
  let checkedGeneration: number | undefined

  async function read(signal: AbortSignal, wake: () => void): Promise<void> {
    const onLoaded = () => {
      isLoaded = true
      hasNews = true
      wake()
    }
    for await (const changes of follow({ signal, onLoaded })) {
      for (const change of changes) {
        if (change.kind === 'set') services.set(change.file, change.service)
        else services.delete(change.file)
      }
      hasNews = true
      wake()
    }
  }

  async function apply(queueing: Queueing): Promise<void> {
    const taps = servedTaps(services.values())
    const outcome = await queueing.apply(taps.values())
    const before = state
    state = { ...state, outcome, tapCount: taps.size, problem: undefined }
    logOutcome(log, before, state)
  }

  /** Listing tables of 500 NICs costs a second: only when anybody has changed rules since. */
  async function check(queueing: Queueing): Promise<void> {
    const generation = queueing.manager === 'nft' ? readGeneration() : undefined
    if (generation !== undefined && generation === checkedGeneration) return
    checkedGeneration = generation
    const drift = await queueing.check()
    if (drift.length > 0) {
      state = { ...state, repairCount: state.repairCount + 1 }
      log('warning', 'rules-repaired', { differences: drift.length, first: drift[0] })
    }
    await apply(queueing) // a cure or a new reason to refuse shows in the outcome
  }

  /** Before all bindings were read nothing is done: what an earlier run left in place for the others has to stay. */
  async function keep(signal: AbortSignal, sleep: (ms: number) => Promise<void>): Promise<void> {
    let queueing: Queueing | undefined
    for (let failures = 0; !signal.aborted; ) {
      if (!hasNews || !isLoaded || failures > 0)
        await sleep(
          failures === 0 ? checkEveryMs : backoffMs(retryPolicy, failures - 1, Math.random()),
        )
      if (!isLoaded || signal.aborted) continue
      if (hasNews) await delay(gatherMs)
      try {
        queueing ??= await openQueueing(options)
        const isCheck = !hasNews && failures === 0
        hasNews = false
        await (isCheck ? check(queueing) : apply(queueing))
        failures = 0
      } catch (error) {
        if (!(error instanceof AgentError)) throw error
        failures++
        if (state.problem !== error.message) log('error', 'rules-failed', { error: error.message })
        state = { ...state, problem: error.message }
      }
    }
  }

  return {
    state: () => state,
    task: {
      name: 'rules',
      async run(signal) {
        const { wake, sleep } = createWakeup(signal)
        onLoss(wake)
        await Promise.all([read(signal, wake), keep(signal, sleep)])
      },
    },
  }
}

/** What has changed since the last outcome, one line each. */
function logOutcome(log: Log, before: RulesState, { outcome, tapCount }: RulesState): void {
  if (outcome === undefined) return
  const { manager, entryCount, refusals, unreachable } = outcome
  if (entryCount !== before.outcome?.entryCount || before.problem !== undefined)
    log('info', 'rules-in-place', { manager, taps: tapCount, entries: entryCount })
  const told = (before.outcome?.refusals ?? []).map(({ version }) => version)
  for (const { version, blocks } of refusals) {
    if (told.includes(version)) continue
    const { bridge, where } = blocks[0] ?? {}
    log('error', 'bridged-taps-not-served', { ip: version, bridge, where, cure: 'okeanid doctor' })
  }
  if (unreachable.length > (before.outcome?.unreachable.length ?? 0))
    log('warning', 'taps-out-of-reach', { taps: unreachable.join(','), why: 'openvswitch' })
}
