import { type SelectQueryBuilder, type SqlBool, sql } from 'kysely'
import type { Caller, Context } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import type { ServerRow } from '#central/server/server-room.js'
import { serverStatus } from '#central/state/status.js'
import type { Engine } from '#central/store/columns.js'
import type { Database } from '#central/store/schema.js'
import type { Power } from '#central/store/tables/server.js'
import { flagOf, limitOf, type Query, single, timeOf } from './list-query.js'

type Servers = SelectQueryBuilder<Database, 'servers', ServerRow>

/** A page of servers. */
export interface ServerPage {
  readonly rows: readonly ServerRow[]
  /** There are more: the next page comes after the last row. */
  readonly hasMore: boolean
}

/** In which power servers of a status are; of those the exact one is worked out row by row. */
const powersOf: Readonly<Record<string, readonly Power[]>> = {
  BUILD: ['BUILD'],
  ERROR: ['ERROR'],
  SHUTOFF: ['STOPPED'],
  STOPPED: ['STOPPED'],
  ACTIVE: ['STARTED'],
  REBOOT: ['STARTED'],
  HARD_REBOOT: ['STARTED'],
  RESIZE: ['STARTED', 'STOPPED'],
  VERIFY_RESIZE: ['STARTED', 'STOPPED'],
  REBUILD: ['STARTED', 'STOPPED'],
}

/** What sorts; others sort by when they were made, which is the order of their numbers. */
const sortColumns = {
  display_name: 'name',
  name: 'name',
  updated_at: 'updated_ms',
  uuid: 'id',
  id: 'id',
  created_at: 'id',
} as const

/** Servers that a caller asks for: newest first, unless sorted otherwise. @throws Fault 400 for parameters that make no sense */
export async function listServers(
  { store, nowMs }: Pick<Context, 'store' | 'nowMs'>,
  { caller, query }: { readonly caller: Caller; readonly query: Query },
): Promise<ServerPage> {
  const limit = limitOf(query)
  const key = single(query, 'sort_key') ?? 'created_at'
  const column = sortColumns[key as keyof typeof sortColumns] ?? 'id'
  const direction = single(query, 'sort_dir') === 'asc' ? 'asc' : 'desc'
  const status = statusOf(query)
  const about = { caller, query, nowMs: nowMs(), engine: store.engine }
  const all = filtered(store.read.selectFrom('servers').selectAll(), about)
  const wanted = status === undefined ? all : all.where('power', 'in', powersOf[status] ?? [])
  const sorted = column === 'id' ? wanted : wanted.orderBy(column, direction)
  const rows: ServerRow[] = []
  let after = await markerRow(all, single(query, 'marker'))
  for (;;) {
    // one more than asked for tells whether there are more
    const page = await behind(sorted, { after, column, direction })
      .orderBy('id', direction)
      .limit(limit + 1)
      .execute()
    rows.push(...page.filter((row) => status === undefined || serverStatus(row).status === status))
    if (rows.length > limit || page.length <= limit) break
    after = page.at(-1)
  }
  return { rows: rows.slice(0, limit), hasMore: limit > 0 && rows.length > limit }
}

function filtered(
  servers: Servers,
  {
    caller,
    query,
    nowMs,
    engine,
  }: {
    readonly caller: Caller
    readonly query: Query
    readonly nowMs: number
    readonly engine: Engine
  },
): Servers {
  let made = servers
  const wantsAll = flagOf(query, 'all_tenants') ?? flagOf(query, 'all_projects') ?? false
  if (wantsAll && !caller.isAdmin)
    throw new Fault('forbidden', 'Policy does not allow all_tenants.')
  if (!wantsAll) made = made.where('project_id', '=', caller.projectId)
  const project = single(query, 'project_id') ?? single(query, 'tenant_id')
  if (wantsAll && project !== undefined) made = made.where('project_id', '=', project)
  const since = timeOf(query, 'changes-since')
  if (since !== undefined && since > nowMs)
    throw new Fault('badRequest', 'changes-since is in the future')
  if (since !== undefined) made = made.where('updated_ms', '>=', since)
  const wantsDeleted = caller.isAdmin && (flagOf(query, 'deleted') ?? false)
  if (wantsDeleted) made = made.where('deleted_ms', 'is not', null)
  else if (since === undefined) made = made.where('deleted_ms', 'is', null)
  for (const [name, column] of equals) {
    const value = single(query, name)
    if (value !== undefined) made = made.where(column, '=', lastPart(value))
  }
  const name = single(query, 'name')
  if (name !== undefined) made = made.where(contains('name', { text: name, engine }))
  const address = single(query, 'ip') ?? single(query, 'ip6')
  return address === undefined ? made : withAddress(made, { text: address, engine })
}

const equals = [
  ['flavor', 'flavor_id'],
  ['image', 'image_id'],
  ['user_id', 'user_id'],
  ['key_name', 'key_name'],
  ['host', 'node'],
] as const

function withAddress(servers: Servers, wanted: Wanted): Servers {
  return servers.where((where) =>
    where(
      'id',
      'in',
      where
        .selectFrom('ports')
        .innerJoin('addresses', 'addresses.port_id', 'ports.id')
        .select('ports.server_id')
        .where('ports.server_id', 'is not', null)
        .where(contains('addresses.address', wanted)),
    ),
  )
}

/** References may be addresses. */
function lastPart(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1)
}

interface Wanted {
  readonly text: string
  readonly engine: Engine
}

/** Nova takes a regular expression; here it is a part of the text, whatever its case, with the anchors that clients put around it. */
function contains(column: string, { text, engine }: Wanted) {
  const isStart = text.startsWith('^')
  const isEnd = text.endsWith('$')
  const plain = text.slice(isStart ? 1 : 0, isEnd ? -1 : undefined)
  const escaped = plain.replace(/\\(?=\W)/g, '').replace(/[!%_]/g, '!$&')
  const pattern = `${isStart ? '' : '%'}${escaped}${isEnd ? '' : '%'}`
  const operator = sql.raw(engine === 'postgres' ? 'ilike' : 'like')
  return sql<SqlBool>`${sql.ref(column)} ${operator} ${pattern} escape '!'`
}

function statusOf(query: Query): string | undefined {
  const status = single(query, 'status')?.toUpperCase()
  if (status === undefined || status === 'DELETED') return undefined
  if (!(status in powersOf))
    throw new Fault('badRequest', `there is no status ${status.slice(0, 32)}`)
  return status === 'STOPPED' ? 'SHUTOFF' : status
}

async function markerRow(servers: Servers, marker: string | undefined) {
  if (marker === undefined || marker === '') return undefined
  const id = /^\d{1,15}$/.test(marker) ? Number(marker) : -1
  const row = await servers.where('id', '=', id).executeTakeFirst()
  if (row === undefined) throw new Fault('badRequest', `marker [${marker.slice(0, 32)}] not found`)
  return row
}

function behind(
  servers: Servers,
  {
    after,
    column,
    direction,
  }: {
    readonly after: ServerRow | undefined
    readonly column: 'id' | 'name' | 'updated_ms'
    readonly direction: 'asc' | 'desc'
  },
): Servers {
  if (after === undefined) return servers
  const beyond = direction === 'asc' ? '>' : '<'
  return servers.where((where) =>
    where.or([
      where(column, beyond, after[column]),
      where.and([where(column, '=', after[column]), where('id', beyond, after.id)]),
    ]),
  )
}
