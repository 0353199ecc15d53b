import type { Context } from '#central/api/context.js'
import { takeMessages } from '#central/update/take-messages.js'
import type { Task } from '#service/tasks.js'
import { type Clients, openClients } from './clients.js'
import { defaultEffectOptions, type EffectOptions } from './effect-deps.js'
import { createEffects } from './effects.js'
import { runRefreshing } from './refresh-backends.js'

/** The effect path of a running centre. */
export interface EffectPath extends AsyncDisposable {
  readonly clients: Clients
  readonly tasks: readonly Task[]
  /** Says that intents were committed. */
  wake(): void
  close(): Promise<void>
}

/** Opens it with everything that it needs of the centre. */
export function openEffectPath(
  context: Pick<Context, 'store' | 'names' | 'sealer' | 'config' | 'log' | 'nowMs' | 'wakeEvents'>,
): EffectPath {
  const { store, sealer, config, log, nowMs, wakeEvents } = context
  const clients = openClients({ sealer, ...clientTiming(config) })
  const effects = createEffects({
    ...{ store, sealer, clients, log, nowMs, wakeEvents },
    random: Math.random,
    takeMessages: (tx, messages) => takeMessages(tx, context, messages),
    passed: () => {},
    options: effectOptions(config),
  })
  const { refresh } = config.ganeti
  return {
    clients,
    tasks: [
      { name: 'effects', run: (signal) => effects.run(signal) },
      {
        name: 'capacities',
        run: (signal) =>
          runRefreshing({ store, clients, nowMs, log }, { everyMs: refresh.ms, signal }),
      },
    ],
    wake: effects.wake,
    close: () => clients.close(),
    [Symbol.asyncDispose]: () => clients.close(),
  }
}

/** What of the configuration clients go by. */
export function clientTiming({ ganeti }: Pick<Context['config'], 'ganeti'>) {
  return {
    connectTimeoutMs: ganeti.connect_timeout.ms,
    timeoutMs: ganeti.timeout.ms,
    connectionCount: ganeti.connections,
  }
}

/** As shipped, with what is configured. */
function effectOptions({ ganeti }: Pick<Context['config'], 'ganeti'>): EffectOptions {
  return {
    ...defaultEffectOptions,
    followMs: Math.min(ganeti.poll.ms, defaultEffectOptions.followMs),
    safeMs: ganeti.lost_after.ms,
    hotplug: ganeti.hotplug,
  }
}
