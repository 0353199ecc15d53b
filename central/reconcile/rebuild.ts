import { sql } from 'kysely'
import type { Row } from '#central/store/schema.js'
import { type Adopted, adoptViews } from './adopt.js'
import { instancesAt, namesAt } from './look-at-cluster.js'
import type { ReconcileDeps } from './reconcile.js'

/** What became of an instance when the store was rebuilt. */
export interface Rebuilt {
  readonly instance: string
  readonly serverId: number
  readonly outcome: 'adopted' | 'known' | 'number-taken'
}

/** How many instances are taken in by one transaction. */
const batchCount = 100

/**
 * Makes servers again of all instances of a cluster that bear a name of ours: what can be known of them without a backup. They get
 * the numbers in their names, their networks and ports; whose they were nobody knows any more.
 * @returns by number
 */
export async function rebuildServers(
  deps: ReconcileDeps,
  {
    backend,
    projectId,
    userId,
  }: {
    readonly backend: Row<'backends'>
    readonly projectId: string
    readonly userId: string
  },
): Promise<readonly Rebuilt[]> {
  const { store, names, clients } = deps
  const client = clients.of(backend)
  const instances = await namesAt(client)
  const rows = await store.read
    .selectFrom('servers')
    .select(['id', 'backend_id', 'deleted_ms'])
    .execute()
  const byId = new Map(rows.map((row) => [row.id, row]))
  const rebuilt: Rebuilt[] = []
  const missing = new Map<string, number>()
  for (const instance of instances) {
    const serverId = names.serverIdOf(instance)
    if (serverId === undefined) continue
    const taken = byId.get(serverId)
    if (taken === undefined) {
      missing.set(instance, serverId)
      continue
    }
    const isKnown = taken.backend_id === backend.id && taken.deleted_ms === null
    rebuilt.push({ instance, serverId, outcome: isKnown ? 'known' : 'number-taken' })
  }
  const wanted = [...missing.keys()]
  for (let from = 0; from < wanted.length; from += batchCount) {
    const views = await instancesAt(client, wanted.slice(from, from + batchCount))
    const adopted = views.map((view): Adopted => {
      const serverId = missing.get(view.name)
      return { adoption: { instance: view.name, projectId, userId, serverId }, view }
    })
    const serverIds = await adoptViews(deps, { backend, adopted })
    for (const [index, { name: instance }] of views.entries()) {
      rebuilt.push({ instance, serverId: serverIds[index] ?? 0, outcome: 'adopted' })
    }
  }
  if (store.engine === 'postgres') {
    await sql`select setval(pg_get_serial_sequence('servers', 'id'), coalesce((select max(id) from servers), 0) + 1, false)`.execute(
      store.read,
    )
  }
  return rebuilt.sort((one, other) => one.serverId - other.serverId)
}
