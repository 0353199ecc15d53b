import { brokerSettings } from '#broker/configured.js'
import type { BrokerSettings, BrokerState } from '#broker/settings.js'
import type { CentralConfig } from '#central/config/central-config.js'
import { runUpdates } from '#central/update/run-updates.js'
import type { Task } from '#service/tasks.js'
import type { Parts } from './parts.js'

/** Messages from the broker into the store, also when the broker becomes another one. */
export interface Updates {
  readonly task: Task
  /** Goes to another broker, or with another password; what was not acknowledged there comes again. @throws AgentError CONFIG_INVALID */
  change(broker: CentralConfig['broker']): Promise<void>
}

/** Reads the files that the configuration names, so that a fault is told at the start. @throws AgentError CONFIG_INVALID */
export async function openUpdates(
  { context, refresh }: Parts,
  onState: (state: BrokerState) => void,
): Promise<Updates> {
  let settings: BrokerSettings = await brokerSettings(context.config.broker)
  let turn = new AbortController()
  return {
    task: {
      name: 'updates',
      async run(signal) {
        while (!signal.aborted) {
          turn = new AbortController()
          await runUpdates({
            ...{ ...context, settings, onState, onClusterChange: refresh },
            signal: AbortSignal.any([signal, turn.signal]),
          })
        }
      },
    },
    async change(broker) {
      settings = await brokerSettings(broker)
      turn.abort()
    },
  }
}
