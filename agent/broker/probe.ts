import { ensureExchange } from './exchange.js'
import { runSessions } from './sessions.js'
import type { BrokerSettings } from './settings.js'

/**
 * Connects once to each of the brokers until one lets us in, and says why none does; undefined when one does. Declares the exchange, as
 * every sender does, and leaves nothing else behind.
 */
export async function probeBroker(
  settings: BrokerSettings,
  { timeoutMs }: { readonly timeoutMs: number },
): Promise<string | undefined> {
  const stop = new AbortController()
  const late = AbortSignal.timeout(timeoutMs)
  let problem: string | undefined = 'no answer in time'
  let failures = 0
  await runSessions({
    settings: { ...settings, connectTimeoutMs: Math.min(settings.connectTimeoutMs, timeoutMs) },
    random: () => 0,
    signal: AbortSignal.any([stop.signal, late]),
    onState({ kind, lastProblem }) {
      if (kind === 'connected') {
        problem = undefined
        stop.abort()
      } else if (kind === 'waiting') {
        problem = lastProblem
        failures += 1
        if (failures >= settings.urls.length) stop.abort()
      }
    },
    async open(model) {
      await ensureExchange(model, settings.exchange)
      return { end: () => undefined }
    },
  })
  return problem
}
