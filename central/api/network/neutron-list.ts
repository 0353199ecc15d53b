import { Fault } from '#central/api/fault.js'

/** Parameters of an address; a name that comes twice has a list. */
export type Query = Readonly<Record<string, string | readonly string[] | undefined>>

/** An item of a list, as clients see it. */
export type View = Readonly<Record<string, unknown>>

/** Most that one page holds. */
const maxPage = 1000

/** What is no filter. */
const controls: ReadonlySet<string> = new Set([
  ...['fields', 'limit', 'marker', 'page_reverse', 'sort_key', 'sort_dir', 'all_tenants'],
])

/** The values that a filter allows; undefined when it is not there. */
export function wantedOf(query: Query, name: string): readonly string[] | undefined {
  const value = query[name]
  return value === undefined ? undefined : [value].flat()
}

/** The numbers that a filter allows; what is none matches nothing. */
export function numbersOf(query: Query, name: string): readonly number[] | undefined {
  return wantedOf(query, name)?.map((text) => (/^[1-9]\d{0,14}$/.test(text) ? Number(text) : -1))
}

/**
 * What of a list Neutron's parameters leave: `name=a&name=b` either, `fields=id` only that, sorted, from `marker` on `limit`.
 * @throws Fault 400 for a filter on what such things do not have: to pass over it would answer with too much
 */
export function select(
  views: readonly View[],
  query: Query,
  known: readonly string[],
): readonly View[] {
  const filters = Object.keys(query).filter((name) => !controls.has(name))
  const unknown = filters.find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw new Fault('badRequest', `there is no filter ${JSON.stringify(unknown.slice(0, 64))}`)
  }
  const left = views.filter((view) =>
    filters.every((name) => wantedOf(query, name)?.some((text) => matches(view[name], text))),
  )
  const fields = wantedOf(query, 'fields')
  const page = pageOf(sorted(left, query), query)
  return fields === undefined ? page : page.map((view) => only(view, fields))
}

/** One thing with no more than what `fields` asks for. */
export function selectFields(view: View, query: Query): View {
  const fields = wantedOf(query, 'fields')
  return fields === undefined ? view : only(view, fields)
}

function matches(value: unknown, text: string): boolean {
  if (Array.isArray(value)) return value.some((one) => matchesMember(one, text))
  if (typeof value === 'boolean') return String(value) === text.toLowerCase()
  return String(value ?? '') === text
}

/** `fixed_ips=ip_address=192.0.2.2` */
function matchesMember(member: unknown, text: string): boolean {
  if (typeof member !== 'object' || member === null) return String(member) === text
  const [key = '', ...rest] = text.split('=')
  return Object.hasOwn(member, key) && String((member as View)[key]) === rest.join('=')
}

function sorted(views: readonly View[], query: Query): readonly View[] {
  const keys = wantedOf(query, 'sort_key') ?? []
  const directions = wantedOf(query, 'sort_dir') ?? []
  return [...views].sort((a, b) => {
    for (const [index, key] of keys.entries()) {
      const [one, other] = [String(a[key] ?? ''), String(b[key] ?? '')]
      if (one === other) continue
      return (one < other ? -1 : 1) * (directions[index] === 'desc' ? -1 : 1)
    }
    return 0
  })
}

function pageOf(views: readonly View[], query: Query): readonly View[] {
  const marker = wantedOf(query, 'marker')?.[0]
  const limit = wantedOf(query, 'limit')?.[0]
  if (limit !== undefined && !/^\d{1,9}$/.test(limit)) {
    throw new Fault('badRequest', 'limit wants a whole number')
  }
  const at = marker === undefined ? -1 : views.findIndex((view) => String(view['id']) === marker)
  if (marker !== undefined && at < 0) throw new Fault('badRequest', 'there is no such marker')
  const count = limit === undefined || limit === '0' ? maxPage : Math.min(Number(limit), maxPage)
  return limit === undefined ? views.slice(at + 1) : views.slice(at + 1, at + 1 + count)
}

function only(view: View, fields: readonly string[]): View {
  return Object.fromEntries(Object.entries(view).filter(([key]) => fields.includes(key)))
}
