import { createHash } from 'node:crypto'
import type { Delivery } from '#broker/consumer.js'

/** A message to take, from the broker or from among the dead letters. */
export interface Incoming {
  /** Same fact, same id. */
  readonly messageId: string
  readonly routingKey: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
  /** Who sent it, as the broker has checked; undefined when the sender did not say. */
  readonly userId: string | undefined
}

/** Longest id of a message that is kept. */
const maxIdLength = 300

/** What came from the broker; Synnefo's messages have no id and get a digest of what they say. */
export function incomingOf({ messageId, routingKey, headers, body, userId }: Delivery): Incoming {
  const isUsable = messageId !== '' && messageId.length <= maxIdLength
  const id = isUsable ? messageId : `digest.${digest(`${routingKey}\n${body}`)}`
  return { messageId: id, routingKey, headers, body, userId }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 40)
}
