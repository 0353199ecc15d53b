import { openIntent } from '#central/effect/open-intent.js'
import { deleteNetwork, disconnectNetwork } from '#central/intent/requests.js'
import type { Change } from '#central/store/store.js'
import type { NetworkDeps } from './network-deps.js'
import { NetworkFault } from './network-fault.js'
import { ganetiNameOf, type NetworkRow } from './networks.js'
import { releaseValues } from './pool.js'
import { liveStatuses, nodeGroups } from './realise-network.js'
import { dropSubnet, subnetsOf } from './subnets.js'

/**
 * Deletes a network that nobody uses: in each cluster that has it, and when the last one says so, here. May be asked again.
 * @returns whether it is gone already, because no cluster had it
 * @throws NetworkFault NetworkInUse
 */
export async function removeNetwork(
  tx: Change,
  deps: NetworkDeps,
  network: NetworkRow,
): Promise<boolean> {
  await requireUnused(tx, network.id)
  const rows = await tx
    .selectFrom('backend_networks')
    .select('backend_id')
    .where('network_id', '=', network.id)
    .where('state', '!=', 'DELETED')
    .execute()
  // a network that was there before us is left where it is
  const name = network.ganeti_name === null ? ganetiNameOf(deps.names, network) : undefined
  if (name === undefined || rows.length === 0) {
    await forgetNetwork(tx, deps, network.id)
    return true
  }
  await tx
    .updateTable('networks')
    .set({ is_deleting: 1, updated_ms: deps.nowMs })
    .where('id', '=', network.id)
    .execute()
  for (const { backend_id: backendId } of rows) {
    await openRemoval(tx, deps, { networkId: network.id, backendId, name })
  }
  return false
}

async function openRemoval(
  tx: Change,
  deps: NetworkDeps,
  {
    networkId,
    backendId,
    name,
  }: { readonly networkId: number; readonly backendId: number; readonly name: string },
): Promise<void> {
  const live = await tx
    .selectFrom('intents')
    .select('id')
    .where('network_id', '=', networkId)
    .where('backend_id', '=', backendId)
    .where('kind', '=', 'delete-network')
    .where('status', 'in', liveStatuses)
    .executeTakeFirst()
  if (live !== undefined) return
  const about = { backendId, networkId }
  const after: number[] = []
  for (const group of await nodeGroups(tx, backendId)) {
    const request = disconnectNetwork(name, { group })
    after.push(await openIntent(tx, deps, { ...about, kind: 'disconnect-network', request }))
  }
  const request = deleteNetwork(name)
  await openIntent(tx, deps, { ...about, kind: 'delete-network', request, after })
}

async function requireUnused(tx: Change, networkId: number): Promise<void> {
  const port = await tx
    .selectFrom('ports')
    .select('id')
    .where('network_id', '=', networkId)
    .executeTakeFirst()
  if (port !== undefined) {
    throw new NetworkFault('NetworkInUse', `network ${networkId} has ports, ${port.id} for one`)
  }
  const floating = await tx
    .selectFrom('floating_ips')
    .select('address')
    .where('network_id', '=', networkId)
    .executeTakeFirst()
  if (floating !== undefined) {
    throw new NetworkFault(
      'NetworkInUse',
      `network ${networkId} has floating addresses, ${floating.address} for one`,
    )
  }
}

/** Ends a network of which no cluster has anything left: what it took from pools goes back. */
export async function forgetNetwork(
  tx: Change,
  { nowMs }: Pick<NetworkDeps, 'nowMs'>,
  networkId: number,
): Promise<void> {
  for (const { id } of await subnetsOf(tx, networkId)) await dropSubnet(tx, id)
  await tx.deleteFrom('backend_networks').where('network_id', '=', networkId).execute()
  await releaseValues(tx, { nowMs }, { kind: 'network', id: networkId })
  await tx
    .updateTable('networks')
    .set({
      ...{ state: 'DELETED', is_deleting: 0, ganeti_name: null },
      ...{ deleted_ms: nowMs, updated_ms: nowMs },
    })
    .where('id', '=', networkId)
    .execute()
}
