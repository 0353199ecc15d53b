import type { JsonValue } from '#ganeti/json-value.js'
import type { Reply } from './exchange.js'
import { RapiError } from './rapi-error.js'

/**
 * What a reply says.
 * @param asked names the call in errors: `PUT https://host:5080/2/instances/snf-42/startup`
 * @throws RapiError RAPI_REFUSED for anything but 200, RAPI_UNREACHABLE for a body that is no JSON
 */
export function readReply(
  { status, body }: Reply,
  { asked, isReading }: { readonly asked: string; readonly isReading: boolean },
): JsonValue {
  const value = parse(body)
  if (status === 200 && value !== undefined) return value
  if (status === 200) {
    throw new RapiError('RAPI_UNREACHABLE', `${asked} was answered by something else than JSON`, {
      mayBeDone: !isReading,
    })
  }
  const why = messageOf(value)
  throw new RapiError('RAPI_REFUSED', `${asked} was refused with ${status}: ${why}`, {
    status,
    mayBeDone: !isReading && status >= 500 && !isQueueClosed(why),
  })
}

/** Ganeti takes no jobs at the moment, so this was not taken either (`src/Ganeti/JQueue.hs`, "Queue drained"). */
function isQueueClosed(why: string): boolean {
  return /queue (is )?drained|queue is full/i.test(why)
}

function parse(body: Buffer): JsonValue | undefined {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

function messageOf(value: JsonValue | undefined): string {
  const message =
    typeof value === 'object' && value !== null && 'message' in value ? value['message'] : undefined
  return typeof message === 'string' ? unescapeHtml(message).slice(0, 1000) : 'no reason given'
}

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
}

/** Ganeti escapes its messages as if a browser read them (`lib/http/server.py`). */
function unescapeHtml(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]+));/gi,
    (all, hex, decimal, name) => {
      if (name !== undefined) return entities[String(name).toLowerCase()] ?? all
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
      return code <= 0x10ffff ? String.fromCodePoint(code) : all
    },
  )
}
