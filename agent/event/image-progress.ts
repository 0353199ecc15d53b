import { formatJson, isJsonObject, type JsonObject, type JsonValue } from '#ganeti/json-value.js'
import { err, ok, type Result } from '#result.js'
import type { Event, ImageType, WireTime } from './event.js'
import { nodeMessageId } from './message-id.js'
import type { FactOrigin } from './node-event.js'
import { routingPrefix } from './routing.js'

/** What an install of an image said of itself. */
export interface ImageProgress {
  readonly type: ImageType
  /** Percentage of the copy, 0 to 100; undefined for the other kinds. */
  readonly percentage: number | undefined
  /** What was said, cut to what a message may hold; without the keys that the sender adds. */
  readonly said: JsonObject
}

/** As a file holds it until the events role takes it. */
export interface ToldProgress {
  /** `<boot id>.<what is unique in this boot>` */
  readonly id: string
  /** Unix time. */
  readonly timeMs: number
  readonly instance: string
  readonly progress: ImageProgress
}

/** All kinds, by what Synnefo's dispatcher knows. */
export const imageTypes: readonly ImageType[] = [
  'image-copy-progress',
  'image-info',
  'image-warning',
  'image-error',
  'image-helper',
]

/** Keys that the sender sets, whatever was said. */
const ownKeys: ReadonlySet<string> = new Set(['cluster', 'event_time', 'instance', 'node', 'type'])

/** Keys that are kept when all together are too long: those that consumers look at. */
const knownKeys: ReadonlySet<string> = new Set([
  'messages',
  'progress',
  'stderr',
  'subtype',
  'task',
])

const maxTextLength = 4096
const maxItems = 50
const maxDepth = 4
/** A file of the spool may have 32 KiB, and this is its largest part; a character takes six bytes at most. */
const maxSaidLength = 24_576
const version = 1

/**
 * Judges one object of an install's stream: one of the five kinds, `progress` of a copy a number from 0 to 100 (more counts as 100, as
 * for Synnefo). Texts are cut at 4,096 characters, lists at 50 items; what is still too long keeps only the keys that consumers know.
 */
export function parseImageProgress(value: unknown): Result<ImageProgress, string> {
  const object = limited(value, 0)
  if (!isJsonObject(object)) return err('is no object')
  const type = imageTypes.find((known) => known === object['type'])
  if (type === undefined) return err(`type is none of ${imageTypes.join(', ')}`)
  const said = saidOf(object)
  if (type !== 'image-copy-progress') return ok({ type, percentage: undefined, said })
  const { progress } = object
  const percentage = typeof progress === 'string' ? Number(progress.trim() || 'x') : progress
  if (typeof percentage !== 'number' || !(percentage >= 0)) return err('progress is no percentage')
  return ok({ type, percentage: Math.min(100, percentage), said })
}

/** The text of a file of the spool: one line of JSON in ASCII. */
export function formatProgressFile({ id, timeMs, instance, progress }: ToldProgress): string {
  const { type, said } = progress
  return `${formatJson({ version, id, time_ms: Math.trunc(timeMs), instance, said: { type, ...said } })}\n`
}

/** The event of a file that {@link formatProgressFile} wrote. Total: never throws, whatever the text. */
export function readProgressFile(text: string, origin: FactOrigin): Result<Event, string> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return err('is not JSON')
  }
  if (typeof value !== 'object' || value === null) return err('is no object')
  const {
    version: found,
    id,
    time_ms: timeMs,
    instance,
    said,
  } = value as Partial<Record<string, unknown>>
  if (found !== version) return err(`is not of version ${version}`)
  if (typeof id !== 'string' || !/^[A-Za-z0-9.-]{1,100}$/.test(id)) return err('has a bad id')
  if (typeof timeMs !== 'number' || !Number.isSafeInteger(timeMs) || timeMs < 0)
    return err('has a bad time_ms')
  if (typeof instance !== 'string' || !isInstanceName(instance)) return err('has a bad instance')
  const progress = parseImageProgress(said)
  return progress.ok
    ? ok(progressEvent({ id, timeMs, instance, progress: progress.value }, origin))
    : progress
}

/** Whether a text may be the name of an instance: what Ganeti allows is narrower. */
export function isInstanceName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/.test(text)
}

/** The event that tells what an install said: its own keys, and ours. */
export function progressEvent(
  { id, timeMs, instance, progress: { type, said } }: ToldProgress,
  { node, cluster, prefixes }: FactOrigin,
): Event {
  const eventTime: WireTime = [Math.floor(timeMs / 1000), Math.trunc(timeMs % 1000) * 1000]
  return {
    messageId: nodeMessageId('progress', node, id),
    routingPrefix: routingPrefix(instance, prefixes),
    subject: instance,
    body: { ...said, type, event_time: eventTime, cluster, node, instance },
  }
}

function saidOf(object: JsonObject): JsonObject {
  const own = Object.entries(object).filter(([key]) => !ownKeys.has(key))
  const said = Object.fromEntries(own)
  if (formatJson(said).length <= maxSaidLength) return said
  const known = own.filter(([key]) => knownKeys.has(key))
  return Object.fromEntries(known.map(([key, value]) => [key, shortened(value)]))
}

/** Of what is far too long the beginning, as a text. */
function shortened(value: JsonValue): JsonValue {
  const text = typeof value === 'string' ? value : formatJson(value)
  return text.length <= 600 ? value : `${text.slice(0, 600)}...`
}

/** JSON within limits; what is deeper than sane, or no JSON, is null. */
function limited(value: unknown, depth: number): JsonValue {
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'string') return value.slice(0, maxTextLength)
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value !== 'object' || depth >= maxDepth) return null
  if (Array.isArray(value)) return value.slice(0, maxItems).map((item) => limited(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, maxItems)
      .map(([key, item]) => [key.slice(0, 100), limited(item, depth + 1)]),
  )
}
