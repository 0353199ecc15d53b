import { err, ok, type Result } from '#result.js'
import type { Envelope, Message, Outgoing } from './message.js'

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const lineFeed = 0x0a

/** The bytes of a message as the outbox keeps them: one line of envelope, then the body as it leaves. */
export function encodeMessage(message: Message): Uint8Array {
  const { body, ...envelope } = message
  return encoder.encode(`${JSON.stringify(envelope)}\n${body}`)
}

/** Reads what {@link encodeMessage} wrote; never throws. */
export function decodeMessage(bytes: Uint8Array): Result<Message, string> {
  const split = splitMessage(bytes)
  if (!split.ok) return split
  const { body, ...envelope } = split.value
  return ok({ ...envelope, body: decoder.decode(body) })
}

/** The same, with the body as it lies in those bytes, not copied and not looked at: all that sending needs. */
export function splitMessage(
  bytes: Uint8Array,
): Result<Outgoing & { readonly body: Uint8Array }, string> {
  const lineEnd = bytes.indexOf(lineFeed)
  if (lineEnd < 0) return err('there is no envelope')
  let envelope: unknown
  try {
    envelope = JSON.parse(decoder.decode(bytes.subarray(0, lineEnd)))
  } catch {
    return err('the envelope is not JSON')
  }
  if (!isEnvelope(envelope)) return err('the envelope lacks a field')
  const { routingKey, messageId, timestampSeconds, headers } = envelope
  return ok({ routingKey, messageId, timestampSeconds, headers, body: bytes.subarray(lineEnd + 1) })
}

function isEnvelope(value: unknown): value is Envelope {
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
