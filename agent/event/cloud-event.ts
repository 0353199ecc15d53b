import { isJsonObject, type JsonValue } from '#ganeti/json-value.js'

/** Of a message what a CloudEvent is made of; as it came from the broker. */
export interface ReceivedMessage {
  readonly routingKey: string
  readonly messageId: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** The type of a message's body, `ganeti-op-status`; empty for what is none of ours or Synnefo's. */
export function typeOf({ body }: Pick<ReceivedMessage, 'body'>): string {
  const type = bodyOf(body)?.['type']
  return typeof type === 'string' ? type : ''
}

/** The body as an object; undefined when it is none. */
export function bodyOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const body = JSON.parse(text) as JsonValue
    return isJsonObject(body) ? body : undefined
  } catch {
    return undefined
  }
}

const prefix = 'cloudEvents:'

/**
 * The message as one CloudEvent 1.0 in structured mode (`application/cloudevents+json`): the attributes that the sender put into the
 * headers, the body as `data`, and two extensions, `node` and `routingkey`. What older senders (Synnefo's) lack is made up: id
 * and source are never absent.
 */
export function cloudEvent(message: ReceivedMessage): string {
  const { messageId, routingKey, headers, body } = message
  const given = Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith(prefix) && typeof value === 'string'
      ? [[name.slice(prefix.length), value] as const]
      : [],
  )
  const data = bodyOf(body)
  return JSON.stringify({
    specversion: '1.0',
    id: messageId,
    source: '/ganeti',
    type: `okeanid.${typeOf(message) || 'unknown'}`,
    ...Object.fromEntries(given),
    ...(typeof headers['node'] === 'string' ? { node: headers['node'] } : {}),
    routingkey: routingKey,
    datacontenttype: 'application/json',
    data: data ?? body,
  })
}
