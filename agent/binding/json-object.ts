import type { BindingProblem } from './binding.js'
import type { Parse } from './setting-text.js'

/** A JSON object of which members are taken one by one, and what was wrong with them. */
export interface JsonObject {
  readonly members: Readonly<Record<string, unknown>>
  /** Of the object itself, with a dot at its end; empty for the outermost. */
  readonly path: string
  /** Where faults go. */
  readonly problems: BindingProblem[]
  /** Which members were asked for. */
  readonly asked: string[]
}

/** Most texts of a list: Ganeti allows no more tags on one thing. */
const maxTexts = 4096

/** The value as an object; undefined, and a problem, for everything else. */
export function jsonObject(
  value: unknown,
  path: string,
  problems: BindingProblem[],
): JsonObject | undefined {
  if (isObject(value)) return { members: value, path, problems, asked: [] }
  problems.push({ key: path.slice(0, -1), message: 'wants a JSON object' })
  return undefined
}

/** The parsed text of a member; undefined when it is absent, null or wrong. */
export function takeText<T>(object: JsonObject, key: string, parse: Parse<T>): T | undefined {
  const member = take(object, key)
  if (member === undefined) return undefined
  if (typeof member !== 'string') return fault(object, key, 'wants a text')
  const parsed = parse(member)
  return parsed.ok ? parsed.value : fault(object, key, parsed.problem)
}

/** As {@link takeText}, and absence is a problem. */
export function needText<T>(object: JsonObject, key: string, parse: Parse<T>): T | undefined {
  if (take(object, key) === undefined) return fault(object, key, 'is missing')
  return takeText(object, key, parse)
}

/** A whole number. */
export function takeNumber(object: JsonObject, key: string): number | undefined {
  const member = take(object, key)
  if (member === undefined) return undefined
  return typeof member === 'number' && Number.isSafeInteger(member)
    ? member
    : fault(object, key, 'wants a whole number')
}

/** Texts of a list; none when it is absent. */
export function takeTexts(object: JsonObject, key: string): readonly string[] {
  const member = take(object, key)
  if (member === undefined) return []
  const isList = Array.isArray(member) && member.length <= maxTexts
  if (isList && member.every((item) => typeof item === 'string')) return member
  fault(object, key, 'wants a list of texts')
  return []
}

/** A member that is an object itself. */
export function takeObject(object: JsonObject, key: string): JsonObject | undefined {
  const member = take(object, key)
  return member === undefined
    ? undefined
    : jsonObject(member, `${object.path}${key}.`, object.problems)
}

/** Notes every member that nobody asked for. */
export function refuseOthers({ members, path, problems, asked }: JsonObject): void {
  for (const key in members) {
    if (!asked.includes(key)) {
      problems.push({ key: `${path}${key}`, message: 'there is no such key' })
    }
  }
}

function take({ members, asked }: JsonObject, key: string): unknown {
  asked.push(key)
  return members[key] ?? undefined
}

function fault({ path, problems }: JsonObject, key: string, message: string): undefined {
  problems.push({ key: `${path}${key}`, message })
  return undefined
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
