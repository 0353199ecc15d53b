import { err, ok, type Result } from '#result.js'
import type { Message } from './message.js'

/** The bytes of a message as the outbox keeps them: one line of envelope, then the body as it leaves. */
export function encodeMessage(message: Message): Uint8Array {
  const { body, ...envelope } = message
  return new TextEncoder().encode(`${JSON.stringify(envelope)}\n${body}`)
}

/** Reads what {@link encodeMessage} wrote; never throws. */
export function decodeMessage(bytes: Uint8Array): Result<Message, string> {
  const text = new TextDecoder().decode(bytes)
  const lineEnd = text.indexOf('\n')
  if (lineEnd < 0) return err('there is no envelope')
  let envelope: unknown
  try {
    envelope = JSON.parse(text.slice(0, lineEnd))
  } catch {
    return err('the envelope is not JSON')
  }
  if (!isEnvelope(envelope)) return err('the envelope lacks a field')
  const { routingKey, messageId, timestampSeconds, headers } = envelope
  return ok({ routingKey, messageId, timestampSeconds, headers, body: text.slice(lineEnd + 1) })
}

function isEnvelope(value: unknown): value is Omit<Message, 'body'> {
  if (typeof value !== 'object' || value === null) return false
  const { routingKey, messageId, timestampSeconds, headers } = value as Partial<
    Record<string, unknown>
  >
  return (
    typeof routingKey === 'string' &&
    typeof messageId === 'string' &&
    typeof timestampSeconds === 'number' &&
    typeof headers === 'object' &&
    headers !== null
  )
}
