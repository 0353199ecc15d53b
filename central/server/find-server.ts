import type { Kysely } from 'kysely'
import type { Caller } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import type { Database } from '#central/store/schema.js'
import { type Change, lock } from '#central/store/store.js'
import type { ServerRoom, ServerRow } from './server-room.js'

/** Whose servers somebody sees: those of the project, or all. */
export type Viewer = Pick<Caller, 'projectId' | 'isAdmin'>

/**
 * A server that the caller may see.
 * @param id as in an address: what is no number is no server
 * @throws Fault 404 when there is none, it is another tenant's, or it was deleted: nobody learns which
 */
export async function findServer(
  db: Kysely<Database>,
  caller: Viewer,
  id: string,
): Promise<ServerRow> {
  const row = await select(db, caller, id).executeTakeFirst()
  if (row === undefined) throw missingServer(id)
  return row
}

/** The same to be changed: nobody else changes it meanwhile. */
export async function lockServer(
  tx: Change,
  { store, caller, id }: Pick<ServerRoom, 'store'> & { caller: Viewer; id: string },
): Promise<ServerRow> {
  const row = await lock(select(tx, caller, id), store).executeTakeFirst()
  if (row === undefined) throw missingServer(id)
  return row
}

/** The fault for a server that is not there. */
export function missingServer(id: string): Fault {
  return new Fault('itemNotFound', `Instance ${id.slice(0, 64)} could not be found.`)
}

function select(db: Kysely<Database>, { projectId, isAdmin }: Viewer, id: string) {
  const query = db
    .selectFrom('servers')
    .selectAll()
    .where('id', '=', /^[1-9]\d{0,14}$/.test(id) ? Number(id) : -1)
    .where('deleted_ms', 'is', null)
  return isAdmin ? query : query.where('project_id', '=', projectId)
}
