import { setTimeout as delay } from 'node:timers/promises'
import type { Change } from '#central/store/store.js'
import type { Need } from './choose-backend.js'
import type { BackendRow } from './clients.js'
import type { EffectDeps } from './effect-deps.js'
import { inspectCluster } from './inspect-cluster.js'

/** What refreshing works with. */
export type RefreshDeps = Pick<EffectDeps, 'store' | 'clients' | 'nowMs' | 'log'>

/** Reads the state of one cluster into its row. @throws RapiError */
export async function refreshBackend(
  { store, clients, nowMs }: RefreshDeps,
  backend: BackendRow,
  options: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  const { cluster_name: _name, ...facts } = await inspectCluster(clients.of(backend), options)
  await store.write((tx) =>
    tx
      .updateTable('backends')
      .set({ ...facts, updated_ms: nowMs() })
      .where('id', '=', backend.id)
      .execute(),
  )
}

/** Refreshes all that are online, now and every `everyMs`, until the signal aborts. */
export async function runRefreshing(
  deps: RefreshDeps,
  { everyMs, signal }: { readonly everyMs: number; readonly signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    try {
      await refreshAll(deps, signal)
    } catch (error) {
      deps.log('warning', 'refresh-failed', { error: String(error) })
    }
    await delay(everyMs, undefined, { signal }).catch(() => {})
  }
}

/** Counts a server that was just given to a cluster, until its nodes are read again. */
export async function reserveCapacity(
  tx: Change,
  { backendId, need }: { readonly backendId: number; readonly need: Need },
): Promise<void> {
  const { ramMib, diskMib } = need
  await tx
    .updateTable('backends')
    .set(({ eb }) => ({
      memory_free_mib: eb('memory_free_mib', '-', ramMib),
      disk_free_mib: eb('disk_free_mib', '-', diskMib),
      instance_count: eb('instance_count', '+', 1),
    }))
    .where('id', '=', backendId)
    .execute()
}

async function refreshAll(deps: RefreshDeps, signal: AbortSignal): Promise<void> {
  const backends = await deps.store.read
    .selectFrom('backends')
    .selectAll()
    .where('is_offline', '=', 0)
    .execute()
  const outcomes = await Promise.allSettled(
    backends.map((backend) => refreshBackend(deps, backend, { signal })),
  )
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.status === 'fulfilled' || signal.aborted) continue
    const cluster = backends[index]?.cluster_name
    deps.log('warning', 'refresh-failed', { cluster, error: String(outcome.reason) })
  }
}
