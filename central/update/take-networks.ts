import { recordEvent } from '#central/events/record-event.js'
import { forgetNetwork } from '#central/network/delete-network.js'
import type { NetworkDeps } from '#central/network/network-deps.js'
import { tellReserved } from '#central/network/tell-reserved.js'
import {
  applyNetworkReport,
  type BackendNetworkState,
  networkState,
} from '#central/state/network-state.js'
import type { NetworkReport } from '#central/state/report.js'
import type { Row } from '#central/store/schema.js'
import { type Change, lock } from '#central/store/store.js'
import type { Concerning } from './sort-messages.js'
import type { UpdateDeps } from './update-deps.js'

type OfNetwork = Concerning<NetworkReport> & { readonly networkId: number }

/** Takes what messages tell of networks in clusters, and works out what each network is as a whole. */
export async function takeNetworks(
  tx: Change,
  {
    deps: { store },
    network: networkDeps,
    nowMs,
    ofNetworks,
  }: {
    readonly deps: UpdateDeps
    readonly network: NetworkDeps
    readonly nowMs: number
    readonly ofNetworks: readonly OfNetwork[]
  },
): Promise<void> {
  if (ofNetworks.length === 0) return
  const ids = [...new Set(ofNetworks.map(({ networkId }) => networkId))]
  // Those that are gone stay so, and get no rows any more.
  const query = tx
    .selectFrom('networks')
    .selectAll()
    .where('id', 'in', ids)
    .where('deleted_ms', 'is', null)
    .orderBy('id')
  for (const network of await lock(query, store).execute()) {
    const told = ofNetworks.filter(({ networkId }) => networkId === network.id)
    for (const { report } of told) {
      if (report.status === 'success' && !report.isDryRun)
        await tellReserved(tx, network.id, report)
    }
    const isChanged = await takeNetwork(tx, { network, told })
    if (isChanged) await weigh(tx, { network, networkDeps, nowMs })
  }
}

/** @returns whether anything of it changed in any cluster */
async function takeNetwork(
  tx: Change,
  { network, told }: { readonly network: Row<'networks'>; readonly told: readonly OfNetwork[] },
): Promise<boolean> {
  const known = await inClusters(tx, network.id)
  let isChanged = false
  for (const backendId of new Set(told.map(({ backend }) => backend.id))) {
    const row = known.find(({ backend_id }) => backend_id === backendId)
    const before: BackendNetworkState = row ?? { state: 'PENDING', stamp: '' }
    const after = told
      .filter(({ backend }) => backend.id === backendId)
      .reduce<BackendNetworkState>((state, { report }) => applyNetworkReport(state, report), before)
    if (after.stamp === before.stamp) continue
    isChanged = true
    const { state, stamp } = after
    await tx
      .insertInto('backend_networks')
      .values({ backend_id: backendId, network_id: network.id, state, stamp, intent_id: null })
      .onConflict((conflict) =>
        conflict.columns(['backend_id', 'network_id']).doUpdateSet({ state, stamp }),
      )
      .execute()
  }
  return isChanged
}

async function weigh(
  tx: Change,
  {
    network,
    networkDeps,
    nowMs,
  }: {
    readonly network: Row<'networks'>
    readonly networkDeps: NetworkDeps
    readonly nowMs: number
  },
): Promise<void> {
  const rows = await inClusters(tx, network.id)
  const state = networkState(
    network,
    rows.map((row) => row.state),
  )
  if (state === network.state) return
  if (state === 'DELETED') await forgetNetwork(tx, networkDeps, network.id)
  else {
    await tx
      .updateTable('networks')
      .set({ state, updated_ms: nowMs })
      .where('id', '=', network.id)
      .execute()
  }
  await recordEvent(tx, {
    projectId: network.project_id,
    serverId: null,
    kind: state === 'DELETED' ? 'network.delete' : 'network.update',
    body: { id: String(network.id), name: network.name, status: state },
    nowMs,
  })
}

function inClusters(tx: Change, networkId: number): Promise<readonly Row<'backend_networks'>[]> {
  return tx
    .selectFrom('backend_networks')
    .selectAll()
    .where('network_id', '=', networkId)
    .orderBy('backend_id')
    .execute()
}
