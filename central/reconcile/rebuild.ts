import { sql } from 'kysely'
import type { Row } from '#central/store/schema.js'
import { type Adopted, adoptViews } from './adopt.js'
import { lookAtCluster } from './look-at-cluster.js'
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
  const { instances } = await lookAtCluster(clients.of(backend))
  const rows = await store.read
    .selectFrom('servers')
    .select(['id', 'backend_id', 'instance_name', 'deleted_ms'])
    .execute()
  const byId = new Map(rows.map((row) => [row.id, row]))
  const rebuilt: Rebuilt[] = []
  const missing: Adopted[] = []
  for (const view of instances) {
    const serverId = names.serverIdOf(view.name)
    if (serverId === undefined) continue
    const taken = byId.get(serverId)
    const isKnown = taken?.backend_id === backend.id && taken.deleted_ms === null
    if (taken !== undefined) {
      const outcome = isKnown ? 'known' : 'number-taken'
      rebuilt.push({ instance: view.name, serverId, outcome })
      continue
    }
    const adoption = { instance: view.name, projectId, userId, serverId }
    missing.push({ adoption, view })
    rebuilt.push({ instance: view.name, serverId, outcome: 'adopted' })
  }
  for (let from = 0; from < missing.length; from += batchCount) {
    await adoptViews(deps, { backend, adopted: missing.slice(from, from + batchCount) })
  }
  if (store.engine === 'postgres') {
    await sql`select setval(pg_get_serial_sequence('servers', 'id'), coalesce((select max(id) from servers), 0) + 1, false)`.execute(
      store.read,
    )
  }
  return rebuilt
}
