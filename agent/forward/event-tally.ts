import { bodyOf, type ReceivedMessage, typeOf } from '#event/cloud-event.js'
import type { Counter } from './counter.js'

/** How many ids are remembered, to count a message once that comes again. */
const rememberedIds = 10_000

/** Counts messages by what they tell, each once as long as it is remembered. */
export function createEventTally(counter: Counter): (message: ReceivedMessage) => void {
  const seen = new Set<string>()
  return (message) => {
    const { messageId, body } = message
    if (messageId !== '') {
      if (seen.has(messageId)) return
      seen.add(messageId)
      const [oldest] = seen
      if (seen.size > rememberedIds && oldest !== undefined) seen.delete(oldest)
    }
    counter.add(1, labelsOf(typeOf(message), bodyOf(body) ?? {}))
  }
}

/** Words of Ganeti's and ours only: nothing that a tenant chooses, or series would have no end. */
function labelsOf(
  type: string,
  { status, operation }: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> {
  const word = (value: unknown) =>
    typeof value === 'string' && /^[A-Za-z_-]{1,60}$/.test(value) ? value : ''
  return { type: word(type), status: word(status), operation: word(operation) }
}
