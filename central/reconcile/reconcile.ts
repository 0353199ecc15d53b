import type { Context } from '#central/api/context.js'
import type { Clients } from '#central/effect/clients.js'
import type { Row } from '#central/store/schema.js'
import { compareNetworks } from './compare-networks.js'
import { compareServers } from './compare-servers.js'
import type { Finding } from './finding.js'
import { findLeaks } from './leaks.js'
import { busyAt, instancesAt, namesAt, networksAt } from './look-at-cluster.js'
import { type Looks, subjectOf } from './looks.js'
import { readNetworks, readServers, storedNames } from './read-store.js'
import { type Outcome, settleFindings } from './settle-findings.js'

/** What reconciling works with. */
export type ReconcileDeps = Pick<
  Context,
  'store' | 'names' | 'sealer' | 'config' | 'nowMs' | 'wakeEvents'
> & { readonly clients: Clients }

/** How many instances are looked at at once: memory does not grow with a cluster but by their names. */
export const sliceCount = 500

/**
 * Compares one cluster with what the store holds of it, and tells the store what differs, as messages would have.
 *
 * Of each slice of the instances, the store is read before the cluster, so what it holds is never newer than what is compared with it;
 * and whatever differs is told with the time at which Ganeti changed it, so that it counts only where nothing newer was told
 * since. Instances and networks are never touched.
 * @param isDryRun nothing is changed, and nothing counts as seen
 * @throws RapiError when the cluster cannot be asked
 */
export async function reconcile(
  deps: ReconcileDeps,
  {
    backend,
    looks,
    isDryRun = false,
    signal,
  }: {
    readonly backend: Row<'backends'>
    readonly looks: Looks
    readonly isDryRun?: boolean
    readonly signal?: AbortSignal
  },
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for await (const findings of lookThrough(deps, { backend, signal })) {
    if (isDryRun) outcomes.push(...findings.map(planned))
    else outcomes.push(...(await settleFindings(deps, { backend, looks, findings })))
  }
  if (!isDryRun) await looks.forgetOthers({ backend, subjects: new Set(outcomes.map(subjectOf)) })
  return outcomes
}

/** What differs, slice by slice: instances by their names, then networks, then pools. */
async function* lookThrough(
  { store, names, clients }: ReconcileDeps,
  {
    backend,
    signal,
  }: { readonly backend: Row<'backends'>; readonly signal: AbortSignal | undefined },
): AsyncGenerator<readonly Finding[]> {
  const client = clients.of(backend)
  const backendId = backend.id
  let before = await busyAt(client, { signal })
  /** What jobs were about when it was last asked for, or are about now: what goes on meanwhile is in one of them. */
  const busyBetween = async () => {
    const after = await busyAt(client, { signal })
    const busy = new Set([...before, ...after])
    before = after
    return busy
  }
  const known = await storedNames(store, backendId)
  const all = [...new Set([...known, ...(await namesAt(client, { signal }))])].sort()
  for (let from = 0; from < all.length; from += sliceCount) {
    const slice = all.slice(from, from + sliceCount)
    const stored = await readServers(store, { backendId, names, instances: slice })
    const instances = await instancesAt(client, slice, { signal })
    yield compareServers(stored, { instances, busy: await busyBetween() }, { names })
  }
  const stored = await readNetworks(store, { backendId, names })
  const networks = await networksAt(client, { signal })
  const groups = JSON.parse(backend.node_groups === '' ? '[]' : backend.node_groups)
  yield compareNetworks(stored, { networks, busy: await busyBetween() }, { names, groups })
  yield await findLeaks(store)
}

function planned({ action: _, ...found }: Finding): Outcome {
  return { ...found, outcome: 'planned' }
}
