import { openIntent } from '#central/effect/open-intent.js'
import { deleteInstance } from '#central/intent/requests.js'
import type { Row } from '#central/store/schema.js'
import { AgentError } from '#errors.js'
import { busyAt, namesAt } from './look-at-cluster.js'
import type { ReconcileDeps } from './reconcile.js'

/**
 * Opens intents that remove instances whose names somebody typed. Each must be there, under a name of ours, with no job about it, and
 * without a server; else none is removed.
 * @throws AgentError USAGE naming the one that is not so
 */
export async function destroyOrphans(
  { store, names, sealer, clients, nowMs }: ReconcileDeps,
  {
    backend,
    names: typed,
  }: { readonly backend: Row<'backends'>; readonly names: readonly string[] },
): Promise<void> {
  const client = clients.of(backend)
  const there = new Set(await namesAt(client))
  const busy = await busyAt(client)
  // The servers are read after the cluster, in the change itself: one that was just made has its row before its instance.
  await store.write(async (tx) => {
    const rows = await tx
      .selectFrom('servers')
      .select('instance_name')
      .where('backend_id', '=', backend.id)
      .where('deleted_ms', 'is', null)
      .where('instance_name', 'in', typed)
      .execute()
    const known = new Set(rows.map(({ instance_name: name }) => name))
    for (const name of typed) {
      const why = !there.has(name)
        ? `is not at ${backend.cluster_name}`
        : names.serverIdOf(name) === undefined
          ? 'is no name of ours: remove it with gnt-instance'
          : known.has(name)
            ? 'has a server: delete that'
            : busy.has(name)
              ? 'is what a job is about: wait for it'
              : undefined
      if (why !== undefined) throw new AgentError('USAGE', `${name} ${why}`)
    }
    for (const name of typed) {
      await openIntent(
        tx,
        { sealer, nowMs: nowMs() },
        { kind: 'delete-server', backendId: backend.id, request: deleteInstance(name) },
      )
    }
  })
}
