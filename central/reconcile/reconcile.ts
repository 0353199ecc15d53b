import { createHash } from 'node:crypto'
import type { Context } from '#central/api/context.js'
import type { Clients } from '#central/effect/clients.js'
import { simulatedMessage } from '#central/effect/simulated-message.js'
import type { Row } from '#central/store/schema.js'
import { takeMessages } from '#central/update/take-messages.js'
import { clearTask } from './clear-task.js'
import { compareNetworks } from './compare-networks.js'
import { compareServers } from './compare-servers.js'
import type { Finding, Told } from './finding.js'
import { findLeaks, releaseLeaks } from './leaks.js'
import { lookAtCluster } from './look-at-cluster.js'
import type { Looks } from './looks.js'
import { readStore } from './read-store.js'

/** What reconciling works with. */
export type ReconcileDeps = Pick<
  Context,
  'store' | 'names' | 'sealer' | 'config' | 'nowMs' | 'wakeEvents'
> & { readonly clients: Clients }

/** A finding with what became of it. */
export interface Outcome extends Finding {
  /** `told` and `fixed` are done; `waits` is seen for the first time, or still within the grace period. */
  readonly outcome: 'told' | 'fixed' | 'waits' | 'reported' | 'planned'
}

/** Most messages of one transaction. */
const batchCount = 200

/**
 * Compares one cluster with what the store holds of it, and tells the store what differs, as messages would have.
 *
 * The store is read before the cluster, so what it holds is never newer than what is compared with it; and whatever differs is told
 * with the time at which Ganeti changed it, so that it counts only where nothing newer was told since. Instances and
 * networks are never touched.
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
  const { store, names, clients, config, nowMs } = deps
  const known = await readStore(store, { backendId: backend.id, names })
  const cluster = await lookAtCluster(clients.of(backend), { signal })
  const groups = JSON.parse(backend.node_groups === '' ? '[]' : backend.node_groups)
  const findings = [
    ...compareServers(known, cluster, { names }),
    ...compareNetworks(known, cluster, { names, groups }),
    ...(await findLeaks(store)),
  ]
  if (isDryRun) return findings.map((one) => ({ ...one, outcome: 'planned' }))
  const graceMs = config.reconcile.grace.ms
  const outcomes: Outcome[] = []
  const toTell: Told[] = []
  for (const finding of findings) {
    const { action } = finding
    const isDue =
      action.kind !== 'wait' ||
      (await looks.isDue({ backend, finding, proof: action.proof, nowMs: nowMs(), graceMs }))
    if (action.kind === 'wait') {
      if (isDue) toTell.push(action.later)
      outcomes.push({ ...finding, outcome: isDue ? 'told' : 'waits' })
    } else if (action.kind === 'tell') {
      toTell.push(action)
      outcomes.push({ ...finding, outcome: 'told' })
    } else if (action.kind === 'clear-task') {
      const isCleared = await clearTask(deps, { serverId: finding.serverId ?? 0, graceMs })
      outcomes.push({ ...finding, outcome: isCleared ? 'fixed' : 'waits' })
    } else {
      const isLeak = finding.kind === 'leaked-pool-value'
      outcomes.push({ ...finding, outcome: isLeak ? 'fixed' : 'reported' })
    }
  }
  await looks.forgetOthers({ backend, findings })
  if (findings.some(({ kind }) => kind === 'leaked-pool-value')) await releaseLeaks(deps)
  await tellAll(deps, { backend, toTell })
  return outcomes
}

async function tellAll(
  deps: ReconcileDeps,
  { backend, toTell }: { readonly backend: Row<'backends'>; readonly toTell: readonly Told[] },
): Promise<void> {
  const bodies = toTell.flatMap((told) => told.bodies)
  for (let from = 0; from < bodies.length; from += batchCount) {
    const messages = bodies.slice(from, from + batchCount).map((body) => {
      const id = `found.${createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 40)}`
      return simulatedMessage(backend, { id, body })
    })
    await deps.store.write((tx) => takeMessages(tx, deps, messages))
    deps.wakeEvents()
  }
}
