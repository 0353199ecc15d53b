/**
 * One message for the broker: what is published, under which key, with which properties.
 *
 * The body is the JSON text exactly as it leaves; the same fact always yields the same `messageId`, so a consumer
 * can drop what it has seen (DESIGN 3.3).
 */
export interface Message {
  readonly routingKey: string
  /** At most 255 bytes (AMQP 0-9-1 short string), printable ASCII. */
  readonly messageId: string
  /** Unix time of the fact, whole seconds: AMQP's `timestamp` property. */
  readonly timestampSeconds: number
  readonly headers: Readonly<Record<string, string | number>>
  /** JSON text, an object. */
  readonly body: string
}
