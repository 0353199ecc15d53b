import type { Context } from '#central/api/context.js'
import { openEffectPath } from '#central/effect/effect-path.js'
import { refreshBackend } from '#central/effect/refresh-backends.js'
import { openEventFeed } from '#central/events/event-feed.js'
import { reconcileTask } from '#central/reconcile/reconciler.js'
import { runForgetting } from '#central/update/forget.js'
import type { Log } from '#service/log.js'
import type { Metrics } from '#service/metrics.js'
import type { Task } from '#service/tasks.js'
import { consoleFinder } from './find-console.js'
import type { Room } from './room.js'

/** What works beside the API, wired to each other. */
export interface Parts extends AsyncDisposable {
  readonly context: Context
  /** In the order in which they start; they stop the other way round. */
  readonly tasks: readonly Task[]
  /** Reads the capacities of a cluster that said that it changed. */
  readonly refresh: (backendId: number) => void
}

const hourMs = 3_600_000

/** A message that comes again after so long is taken again; by then its stamp is older than what there is. */
const seenMs = 30 * 24 * hourMs

/** Opens everything that needs neither the broker nor a client. */
export function openParts({
  log,
  metrics,
  ...room
}: Room & { readonly log: Log; readonly metrics: Metrics }): Parts {
  const { store, config, sealer, names, nowMs } = room
  const events = openEventFeed({ store })
  const base = { store, config, sealer, names, nowMs, log, metrics, wakeEvents: events.wake }
  const effects = openEffectPath(base)
  const { clients } = effects
  const forgetting: Task = {
    name: 'forgetting',
    run: (signal) =>
      runForgetting({
        ...{ store, nowMs, signal, everyMs: hourMs },
        keepMs: { events: config.events.keep.ms, seen_messages: seenMs },
        onFailure: (error) => log('warning', 'forgetting-failed', { error: String(error) }),
      }),
  }
  return {
    context: {
      ...{ ...base, events, wakeEffects: effects.wake },
      findConsole: consoleFinder(store, clients),
    },
    tasks: [...effects.tasks, reconcileTask({ ...base, clients }), forgetting],
    refresh: (backendId) => {
      // nobody waits for it, and what failed is read again with all others
      void refreshOne({ store, clients, nowMs, log }, backendId).catch((error: unknown) =>
        log('warning', 'refresh-failed', { backend: backendId, error: String(error) }),
      )
    },
    async [Symbol.asyncDispose]() {
      await events.close()
      await effects.close()
    },
  }
}

async function refreshOne(
  deps: Parameters<typeof refreshBackend>[0],
  backendId: number,
): Promise<void> {
  const backend = await deps.store.read
    .selectFrom('backends')
    .selectAll()
    .where('id', '=', backendId)
    .executeTakeFirst()
  if (backend !== undefined) await refreshBackend(deps, backend)
}
