import { formatJson, type JsonObject } from '#ganeti/json-value.js'
import type { Event, WireTime } from './event.js'
import type { Message } from './message.js'
import { routingKey } from './routing.js'

/** Version of the contract, in header `schema`; a reader accepts unknown keys and refuses a newer major version only. */
export const schemaVersion = 1

/** Who sends, as far as headers tell. */
export interface Origin {
  /** Name of the sending node as Ganeti knows it. */
  readonly node: string
  /** Name of the cluster, or of the node where there is none. */
  readonly cluster: string
}

/**
 * The message that tells an event: JSON in ASCII, with the CloudEvents 1.0 attributes as headers (AMQP binding, binary
 * mode, prefix `cloudEvents:`), so that consumers that know nothing of Ganeti can route and order it.
 */
export function encodeEvent(event: Event, origin: Origin): Message {
  const { body, messageId, subject } = event
  const time = formatTime(body.event_time)
  return {
    routingKey: routingKey(body.type, event.routingPrefix),
    messageId,
    timestampSeconds: body.event_time?.[0] ?? 0,
    headers: {
      schema: schemaVersion,
      node: origin.node,
      'cloudEvents:specversion': '1.0',
      'cloudEvents:id': messageId,
      'cloudEvents:type': `okeanid.${body.type}`,
      'cloudEvents:source': `/ganeti/${encodeURIComponent(origin.cluster)}`,
      'cloudEvents:subject': subject,
      ...(time === undefined ? {} : { 'cloudEvents:time': time }),
    },
    body: formatJson({ ...body } satisfies JsonObject),
  }
}

/** A time stamp as RFC 3339 in UTC with microseconds, or undefined for an unknown or impossible one. */
export function formatTime(time: WireTime): string | undefined {
  if (time === null || time[0] < 0 || time[0] >= 253_402_300_800) return undefined
  const [seconds, microseconds] = time
  const day = civilFromDays(Math.floor(seconds / 86_400))
  const rest = seconds % 86_400
  const clock = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60]
    .map(twoDigits)
    .join(':')
  return `${day}T${clock}.${String(microseconds).padStart(6, '0')}Z`
}

/** `YYYY-MM-DD` of a day counted from 1970-01-01 (proleptic Gregorian; years are counted from March). */
function civilFromDays(days: number): string {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return `${String(year).padStart(4, '0')}-${twoDigits(month)}-${twoDigits(day)}`
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}
