import type { ConfirmChannel, Options } from 'amqplib'

/** Where a message goes, and what goes with it. */
export interface Publishing {
  readonly exchange: string
  readonly routingKey: string
  readonly content: Buffer
  readonly properties: Properties
  /** Called with the broker's answer: an error when it does not take the message, or will never answer. */
  readonly onConfirm: (error: unknown) => void
}

/** The properties that messages of ours have. */
export type Properties = Pick<
  Options.Publish,
  'appId' | 'contentType' | 'headers' | 'messageId' | 'timestamp' | 'userId'
>

/** What `ConfirmChannel.publish` calls when it has put its options in order; not in amqplib's types. */
interface Sending {
  sendMessage(fields: object, properties: object, content: Buffer): boolean
  pushConfirmCallback(onConfirm: (error: unknown) => void): void
}

/**
 * Publishes a persistent message; the broker says when no queue is bound for it (`mandatory`).
 *
 * The same frames as by `channel.publish`, which makes an object of which the headers are the prototype: V8 turns each message's headers
 * into a prototype and then walks them in the slow way, half of what encoding a message costs. Should a later amqplib keep these two methods
 * elsewhere, `publish` does it.
 *
 * @throws {TypeError} or RangeError for what cannot be encoded; then nothing was written.
 */
export function publish(channel: ConfirmChannel, publishing: Publishing): void {
  const { exchange, routingKey, content, properties, onConfirm } = publishing
  if (!isSending(channel)) {
    const options = { ...properties, persistent: true, mandatory: true }
    channel.publish(exchange, routingKey, content, options, onConfirm)
    return
  }
  const fields = { exchange, routingKey, mandatory: true, immediate: false }
  channel.sendMessage(fields, { ...properties, deliveryMode: 2 }, content)
  channel.pushConfirmCallback(onConfirm)
}

function isSending(channel: object): channel is Sending {
  return 'sendMessage' in channel && 'pushConfirmCallback' in channel
}
