import type { Context } from '#central/api/context.js'
import { openClients } from '#central/effect/clients.js'
import { defaultEffectOptions, type EffectOptions } from '#central/effect/effect-deps.js'
import { createEffects } from '#central/effect/effects.js'
import { refreshBackend, runRefreshing } from '#central/effect/refresh-backends.js'
import { runForgetting } from '#central/update/forget.js'
import { takeMessages } from '#central/update/take-messages.js'
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

const dayMs = 86_400_000

/** Opens everything that needs neither the broker nor a client. */
export function openParts({
  log,
  metrics,
  ...room
}: Room & { readonly log: Log; readonly metrics: Metrics }): Parts {
  const { store, config, sealer, names, nowMs } = room
  const { connect_timeout: connect, timeout, connections, refresh } = config.ganeti
  const clients = openClients({
    sealer,
    ...{ connectTimeoutMs: connect.ms, timeoutMs: timeout.ms, connectionCount: connections },
  })
  const wakeEvents = () => {}
  const base = { store, config, sealer, names, nowMs, log, metrics, wakeEvents }
  const effects = createEffects({
    ...{ store, sealer, clients, log, nowMs, wakeEvents },
    random: Math.random,
    takeMessages: (tx, messages) => takeMessages(tx, base, messages),
    passed: () => {},
    options: effectOptions(config),
  })
  const refreshing = { store, clients, nowMs, log }
  const { events } = config
  return {
    context: { ...base, wakeEffects: effects.wake, findConsole: consoleFinder(store, clients) },
    tasks: [
      { name: 'effects', run: (signal) => effects.run(signal) },
      {
        name: 'capacities',
        run: (signal) => runRefreshing(refreshing, { everyMs: refresh.ms, signal }),
      },
      {
        name: 'forgetting',
        run: (signal) =>
          runForgetting({
            ...{ store, nowMs, signal, everyMs: dayMs / 24 },
            keepMs: { events: events.keep.ms, seen_messages: 30 * dayMs },
            onFailure: (error) => log('warning', 'forgetting-failed', { error: String(error) }),
          }),
      },
    ],
    refresh: (backendId) => {
      // nobody waits for it, and what failed is read again with all others
      void refreshOne(refreshing, backendId).catch((error: unknown) =>
        log('warning', 'refresh-failed', { backend: backendId, error: String(error) }),
      )
    },
    [Symbol.asyncDispose]: () => clients.close(),
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

/** As shipped, with what is configured. */
function effectOptions({ ganeti }: Room['config']): EffectOptions {
  // waiting for a turn, connecting and calling at us; then as long again at Ganeti
  const callMs = 20_000 + ganeti.connect_timeout.ms + ganeti.timeout.ms
  return {
    ...defaultEffectOptions,
    followMs: Math.min(ganeti.poll.ms, defaultEffectOptions.followMs),
    safeMs: Math.max(defaultEffectOptions.safeMs, callMs + 60_000),
    hotplug: ganeti.hotplug,
  }
}
