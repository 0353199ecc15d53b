import { setMaxListeners } from 'node:events'
import { backoffMs } from '#backoff.js'
import type { BackendRow } from './clients.js'
import type { EffectDeps } from './effect-deps.js'
import type { IntentRow } from './end-intent.js'
import { failUnsubmitted } from './fail-unsubmitted.js'
import { follow } from './follow.js'
import { nextIntents } from './next-intents.js'
import { recover } from './recover.js'
import { submit } from './submit.js'

/** Does at clusters what intents say. */
export interface Effects {
  /** Runs until the signal aborts; what is under way then is finished by the next start. */
  run(signal: AbortSignal): Promise<void>
  /** Says that intents were committed. */
  wake(): void
}

/** How long a cluster that does not answer is left alone; also after a failure of the store. */
const rest = { firstMs: 500, maxMs: 30_000 }

/** How many jobs are asked about at once. */
const followCount = 100

/** How many intents are looked at for some that wait for no other. */
const candidateCount = 100

/**
 * The effect path: on waking and every now and then each cluster's intents are submitted, looked for and followed, each kind of
 * work beside the others, clusters beside each other.
 *
 * Everything that it knows is in the store, and each step is committed before the next one, so that it may be stopped at any moment, and
 * may run in more than one program at once.
 */
export function createEffects(deps: EffectDeps): Effects {
  const { store, nowMs, random, log, options } = deps
  const underWay = new Map<string, Promise<void>>()
  const resting = new Map<number, { readonly untilMs: number; readonly attempt: number }>()
  let isWoken = false
  let rouse: (() => void) | undefined

  function wake(): void {
    isWoken = true
    rouse?.()
  }

  function start(key: string, backend: BackendRow, work: () => Promise<void>): void {
    if (underWay.has(key)) return
    underWay.set(
      key,
      guarded(backend, work).finally(() => void underWay.delete(key)),
    )
  }

  /** The one place where failures of work for a cluster are decided on: it rests. */
  async function guarded(backend: BackendRow, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      tire(backend, error)
    }
  }

  function tire({ id, cluster_name: cluster }: BackendRow, error: unknown): void {
    const attempt = (resting.get(id)?.attempt ?? -1) + 1
    const waitMs = backoffMs(rest, attempt, random())
    resting.set(id, { untilMs: nowMs() + waitMs, attempt })
    const why = error instanceof Error ? error.message : String(error)
    log('warning', 'cluster-rests', { cluster, ms: waitMs, error: why })
  }

  async function submitOne(backend: BackendRow, intent: IntentRow, signal: AbortSignal) {
    if (nowMs() - intent.created_ms > options.giveUpMs) {
      const why = `given up after ${options.giveUpMs} ms: ${intent.reason ?? 'never answered'}`
      await failUnsubmitted(deps, { backend, intent, failure: why })
    } else if ((await submit(deps, { backend, intent, signal })) === 'answered') {
      resting.delete(backend.id)
    } else if (!signal.aborted) {
      tire(backend, new Error('it does not answer'))
    }
    wake()
  }

  async function tend(backend: BackendRow, signal: AbortSignal): Promise<void> {
    if ((resting.get(backend.id)?.untilMs ?? 0) > nowMs()) return
    const backendId = backend.id
    const mine = `${backendId} submit `
    const busy = [...underWay.keys()].filter((key) => key.startsWith(mine))
    const count = options.concurrency - busy.length
    if (count > 0) {
      const wanted = { backendId, nowMs: nowMs(), count: candidateCount }
      const next = await nextIntents(store, wanted)
      const free = next.filter(({ id }) => !busy.includes(mine + id)).slice(0, count)
      for (const intent of free) {
        start(mine + intent.id, backend, () => submitOne(backend, intent, signal))
      }
    }
    const lost = await due(backendId, 'submitting')
    const unknown = lost.filter(({ id }) => !underWay.has(mine + id))
    if (unknown.length > 0) {
      start(`${backendId} recover`, backend, () =>
        recover(deps, deps.clients.of(backend), { backend, intents: unknown, signal }),
      )
    }
    const silent = await due(backendId, 'submitted')
    if (silent.length > 0) {
      start(`${backendId} follow`, backend, () =>
        follow(deps, deps.clients.of(backend), { backend, intents: silent, signal }),
      )
    }
  }

  function due(backendId: number, status: 'submitting' | 'submitted') {
    return store.read
      .selectFrom('intents')
      .selectAll()
      .where('backend_id', '=', backendId)
      .where('status', '=', status)
      .where('next_ms', '<=', nowMs())
      .orderBy('next_ms')
      .limit(followCount)
      .execute()
  }

  async function sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (isWoken || signal.aborted) return
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        rouse = undefined
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal.addEventListener('abort', done, { once: true })
      rouse = done
    })
  }

  return {
    async run(signal) {
      // Each call that is under way listens to it, and there are more than ten.
      setMaxListeners(0, signal)
      for (let failures = 0; !signal.aborted; ) {
        isWoken = false
        try {
          for (const backend of await onlineBackends(store)) await tend(backend, signal)
          failures = 0
        } catch (error) {
          const why = error instanceof Error ? error.message : String(error)
          log('error', 'effects-store-failed', { error: why })
          const waitMs = backoffMs(rest, failures, random())
          failures += 1
          isWoken = false
          await sleep(waitMs, signal)
          continue
        }
        await sleep(options.pollMs, signal)
      }
      await Promise.all(underWay.values())
    },
    wake,
  }
}

function onlineBackends({ read }: EffectDeps['store']): Promise<readonly BackendRow[]> {
  return read.selectFrom('backends').selectAll().where('is_offline', '=', 0).orderBy('id').execute()
}
