import { Fault } from '#central/api/fault.js'

/** Parameters of an address; a name that comes twice has a list. */
export type Query = Readonly<Record<string, string | readonly string[] | undefined>>

/** Most that one page holds. */
export const maxPage = 1000

/** A parameter, the first where it comes more than once. */
export function single(query: Query, name: string): string | undefined {
  const value = query[name]
  return typeof value === 'string' || value === undefined ? value : value[0]
}

/** `limit`: how many at most. @throws Fault 400 */
export function limitOf(query: Query): number {
  const text = single(query, 'limit')
  if (text === undefined) return maxPage
  if (!/^\d{1,9}$/.test(text))
    throw new Fault('badRequest', 'limit wants a whole number, 0 or more')
  return Math.min(Number(text), maxPage)
}

/** A parameter that is yes or no. @throws Fault 400 */
export function flagOf(query: Query, name: string): boolean | undefined {
  const text = single(query, name)?.toLowerCase()
  if (text === undefined) return undefined
  if (['1', 't', 'true', 'on', 'y', 'yes', ''].includes(text)) return true
  if (['0', 'f', 'false', 'off', 'n', 'no', 'none'].includes(text)) return false
  throw new Fault('badRequest', `${name} wants True or False`)
}

/** A time with its zone (ISO 8601), Unix milliseconds; one without is UTC, as Nova's. @throws Fault 400 */
export function timeOf(query: Query, name: string): number | undefined {
  const text = single(query, name)
  if (text === undefined) return undefined
  // a plus in an address is a space unless it is encoded, which clients forget
  const time = text.replace(' ', '+')
  const isTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/.test(time)
  const hasZone = /(Z|[+-]\d\d:?\d\d)$/.test(time.slice(10))
  const ms = isTime ? Date.parse(hasZone || time.length === 10 ? time : `${time}Z`) : Number.NaN
  if (Number.isNaN(ms))
    throw new Fault('badRequest', `${name} wants a time like 2026-11-30T12:00:00Z`)
  return ms
}

/** The part of an address that asks for the page after this one. */
export function nextQuery(query: Query, marker: string): string {
  const next = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (name === 'marker' || value === undefined) continue
    for (const one of [value].flat()) next.append(name, one)
  }
  next.set('marker', marker)
  return next.toString()
}
