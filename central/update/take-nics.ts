import type { NetworkDeps } from '#central/network/network-deps.js'
import { readNics } from '#central/network/nics-at-hand.js'
import { closePorts } from '#central/network/ports.js'
import { syncNics } from '#central/network/sync-nics.js'
import type { Change } from '#central/store/store.js'
import type { ChangedServer } from './take-servers.js'

/**
 * Brings ports in line with what became of their servers: those of one that is gone are closed, those of one that could not be made
 * are in error, others are as Ganeti lists the NICs.
 * @returns servers whose ports changed, and addresses that Ganeti gave and we had promised to others
 */
export async function takeNics(
  tx: Change,
  {
    network,
    changed,
  }: { readonly network: NetworkDeps; readonly changed: readonly ChangedServer[] },
): Promise<{ readonly changedIds: ReadonlySet<number>; readonly conflicts: readonly string[] }> {
  const changedIds = new Set<number>()
  const conflicts: string[] = []
  for (const { before, after } of changed) {
    if (after.deleted_ms !== null) {
      if (before.deleted_ms === null) await closePorts(tx, network, { serverId: after.id })
      continue
    }
    if (after.power === 'ERROR' && before.power !== 'ERROR') {
      await tx
        .updateTable('ports')
        .set({ state: 'ERROR', updated_ms: network.nowMs })
        .where('server_id', '=', after.id)
        .where('state', '=', 'BUILD')
        .execute()
    }
  }
  const told = changed.flatMap(({ after, nics }) =>
    nics === undefined || after.deleted_ms !== null ? [] : [{ after, nics }],
  )
  if (told.length === 0) return { changedIds, conflicts }
  const ids = told.map(({ after }) => after.id)
  const atHand = await readNics(tx, network, ids)
  for (const { after, nics } of told) {
    const { id, project_id: projectId, user_id: userId } = after
    const server = { id, projectId, userId }
    const synced = await syncNics(tx, network, { server, ...nics, atHand })
    if (synced.isChanged) changedIds.add(id)
    conflicts.push(...synced.conflicts)
  }
  return { changedIds, conflicts }
}
