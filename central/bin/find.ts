import type { Store } from '#central/store/store.js'
import { AgentError } from '#errors.js'

/** A project by its name or id. @throws AgentError USAGE */
export async function findProject({ read }: Store, nameOrId: string) {
  const rows = await read
    .selectFrom('projects')
    .selectAll()
    .where((is) => is.or([is('id', '=', nameOrId), is('name', '=', nameOrId)]))
    .execute()
  const row = rows.find(({ id }) => id === nameOrId) ?? rows[0]
  if (row === undefined) throw missing('project', nameOrId)
  return row
}

/** A user by name or id. @throws AgentError USAGE */
export async function findUser({ read }: Store, nameOrId: string) {
  const rows = await read
    .selectFrom('users')
    .selectAll()
    .where((is) => is.or([is('id', '=', nameOrId), is('name', '=', nameOrId)]))
    .execute()
  const row = rows.find(({ id }) => id === nameOrId) ?? rows[0]
  if (row === undefined) throw missing('user', nameOrId)
  return row
}

/** A cluster by its name or number. @throws AgentError USAGE */
export async function findCluster({ read }: Store, nameOrId: string) {
  const rows = await read.selectFrom('backends').selectAll().execute()
  const row = rows.find((one) => one.cluster_name === nameOrId || String(one.id) === nameOrId)
  if (row === undefined) throw missing('cluster', nameOrId)
  return row
}

/** Refuses a name that is taken. @throws AgentError USAGE */
export async function notTaken(
  { read }: Store,
  table: 'projects' | 'users',
  name: string,
): Promise<void> {
  const row = await read.selectFrom(table).select('id').where('name', '=', name).executeTakeFirst()
  if (row !== undefined) throw new AgentError('USAGE', `there is a ${name} already, ${row.id}`)
}

/** The error for what is not there. */
export function missing(noun: string, nameOrId: string): AgentError {
  return new AgentError('USAGE', `there is no ${noun} ${nameOrId}: okeanid-central ${noun} list`)
}
