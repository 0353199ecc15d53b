import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** Tags of an instance as the master has told them since its NICs were set up. */
export interface TagsFile {
  readonly tags: readonly string[]
  /** When the master read them: Unix time. */
  readonly timeSeconds: number
}

const maxBytes = 65_536
const maxTags = 100

/**
 * Reads `<instance>.json` of the folder that the events role writes. It is read by root and written by another user, so nothing in it is
 * trusted: no link is followed, no pipe waited for, and tags that Ganeti would not take are no tags.
 *
 * @returns undefined when there is none, or none that can be understood
 */
export function readTagsFile(directory: string, instance: string): TagsFile | undefined {
  const text = readPlain(path.join(directory, `${instance}.json`))
  if (text === undefined) return undefined
  const { version, instance: name, tags, time } = parse(text)
  if (version !== 1 || name !== instance || typeof time !== 'number') return undefined
  if (!Array.isArray(tags) || tags.length > maxTags || !tags.every(isTag)) return undefined
  return { tags, timeSeconds: time }
}

/** Ganeti's grammar of tags (lib/objects.py, TaggableObject). */
function isTag(value: unknown): value is string {
  return typeof value === 'string' && /^[\w.+*/:@-]{1,128}$/.test(value)
}

function readPlain(file: string): string | undefined {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants
  let descriptor: number | undefined
  try {
    descriptor = openSync(file, O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
    const stats = fstatSync(descriptor)
    return stats.isFile() && stats.size <= maxBytes ? readFileSync(descriptor, 'utf8') : undefined
  } catch {
    return undefined
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
