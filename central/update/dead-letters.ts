import { cleanText } from '#central/state/clean-json.js'
import type { Row } from '#central/store/schema.js'
import type { Change } from '#central/store/store.js'
import type { Incoming } from './incoming.js'

/** A message that cannot be taken, and why. */
export interface DeadReason {
  readonly message: Incoming
  readonly reason: string
}

/** Longest reason that is kept. */
const maxReasonLength = 1000

/** Puts messages aside that cannot be taken, whole. */
export async function writeDeadLetters(
  tx: Change,
  { dead, nowMs }: { readonly dead: readonly DeadReason[]; readonly nowMs: number },
): Promise<void> {
  if (dead.length === 0) return
  await tx
    .insertInto('dead_letters')
    .values(
      dead.map(({ message, reason }) => ({
        message_id: cleanText(message.messageId),
        routing_key: cleanText(message.routingKey),
        headers: cleanText(JSON.stringify(message.headers)),
        broker_user: message.userId ?? null,
        body: cleanText(message.body),
        reason: cleanText(reason).slice(0, maxReasonLength),
        attempts: 1,
        created_ms: nowMs,
      })),
    )
    .execute()
}

/** The message that a dead letter was. */
export function messageOf(row: Row<'dead_letters'>): Incoming {
  return {
    messageId: row.message_id,
    routingKey: row.routing_key,
    headers: JSON.parse(row.headers) as Readonly<Record<string, unknown>>,
    body: row.body,
    userId: row.broker_user ?? undefined,
  }
}
