/**
 * One message for the broker: what is published, under which key, with which properties.
 *
 * The body is the JSON text exactly as it leaves; the same fact always yields the same `messageId`, so a consumer
 * can drop what it has seen (DESIGN 3.3).
 */
export interface Message extends Envelope {
  /** JSON text, an object. */
  readonly body: string
}

/** What goes with a body. */
export interface Envelope {
  readonly routingKey: string
  /** At most 255 bytes (AMQP 0-9-1 short string), printable ASCII. */
  readonly messageId: string
  /** Unix time of the fact, whole seconds: AMQP's `timestamp` property. */
  readonly timestampSeconds: number
  readonly headers: Readonly<Record<string, string | number>>
}

/** What is published: a {@link Message}, or one whose text is bytes already (UTF-8). */
export interface Outgoing extends Envelope {
  readonly body: string | Uint8Array
}
