import { stampOf } from '#central/stamp.js'
import { isJsonArray, type JsonObject } from '#ganeti/json-value.js'
import { err, ok, type Result } from '#result.js'
import { textOf, timeUsOf } from './fields.js'
import type { DiagnosticReport, Report } from './report.js'

/** Levels of what an install says, by type or by subtype of `image-helper` (B.6 of Synnefo's dispatcher). */
const levels: Readonly<Record<string, DiagnosticReport['level']>> = {
  'image-info': 'DEBUG',
  'image-warning': 'WARNING',
  'image-error': 'ERROR',
  'image-helper task-start': 'DEBUG',
  'image-helper task-end': 'DEBUG',
  'image-helper info': 'INFO',
  'image-helper warning': 'WARNING',
  'image-helper error': 'ERROR',
}

/** Longest text of a diagnostic. */
const maxLength = 4096

/** Reads what an install of an image said, `image-*`. */
export function decodeImage(type: string, body: JsonObject): Result<Report, string> {
  const instance = textOf(body, 'instance')
  const timeUs = timeUsOf(body)
  if (instance === undefined || timeUs === undefined)
    return err('instance or event_time is missing')
  if (type === 'image-copy-progress') {
    const percentage = percentageOf(body)
    // As Synnefo: what is no percentage is no news.
    if (percentage === undefined) return ok({ kind: 'other' })
    return ok({ kind: 'progress', instance, percentage, stamp: stampOf({ timeUs }) })
  }
  const subtype = type === 'image-helper' ? textOf(body, 'subtype') : undefined
  const level = levels[subtype === undefined ? type : `${type} ${subtype}`]
  if (level === undefined) return ok({ kind: 'other' })
  const isTask = subtype?.startsWith('task-') === true
  const source = isTask ? `${type}-${subtype}` : type
  const said = (isTask ? textOf(body, 'task') : messagesOf(body)) ?? sentence(source)
  const details = (textOf(body, 'stderr') ?? '').slice(0, maxLength)
  const message = said.slice(0, maxLength)
  return ok({ kind: 'diagnostic', instance, level, source, timeUs, message, details })
}

/** More than 100 is 100; a fraction is cut. */
function percentageOf(body: JsonObject): number | undefined {
  const { progress } = body
  const value = typeof progress === 'string' ? Number(progress.trim() || 'x') : progress
  return typeof value === 'number' && value >= 0 ? Math.trunc(Math.min(value, 100)) : undefined
}

function messagesOf(body: JsonObject): string | undefined {
  const { messages } = body
  if (!isJsonArray(messages)) return textOf(body, 'messages')
  const text = messages.filter((item) => typeof item === 'string').join('\n')
  return text === '' ? undefined : text
}

/** `image-helper` -> `Image helper`. */
function sentence(source: string): string {
  const words = source.replaceAll('-', ' ')
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`
}
