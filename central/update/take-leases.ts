import type { InstanceReport } from '#central/state/report.js'
import type { Change } from '#central/store/store.js'
import type { Concerning, ServerRow } from './sort-messages.js'
import type { ChangedServer } from './take-servers.js'

/**
 * Notes at ports when their guests took their addresses. A lease is told by MAC, and may be told before it is known whose MAC that
 * is: so leases are kept, and looked at again whenever the NICs of a server were told.
 */
export async function takeLeases(
  tx: Change,
  {
    ofServers,
    changed,
  }: {
    readonly ofServers: readonly (Concerning<InstanceReport> & { readonly server: ServerRow })[]
    readonly changed: readonly ChangedServer[]
  },
): Promise<ReadonlySet<number>> {
  const told = ofServers.flatMap(({ report, server }) =>
    report.kind === 'lease' ? [{ report, server }] : [],
  )
  for (const { report, server } of told) {
    await tx
      .insertInto('guest_leases')
      .values({
        server_id: server.id,
        mac: report.mac,
        address: report.address,
        leased_ms: report.timeMs,
      })
      .onConflict((conflict) =>
        conflict
          .columns(['server_id', 'mac'])
          .doUpdateSet({ address: report.address, leased_ms: report.timeMs })
          .where('guest_leases.leased_ms', '<', report.timeMs),
      )
      .execute()
  }
  const ids = new Set([
    ...told.map(({ server }) => server.id),
    ...changed.flatMap(({ after, nics }) => (nics === undefined ? [] : [after.id])),
  ])
  return ids.size === 0 ? ids : await noteAtPorts(tx, [...ids])
}

/** A lease is of the port with its MAC, or with its address while that has no MAC yet. */
async function noteAtPorts(tx: Change, serverIds: readonly number[]): Promise<ReadonlySet<number>> {
  const leases = await tx
    .selectFrom('guest_leases')
    .innerJoin('ports', 'ports.server_id', 'guest_leases.server_id')
    .leftJoin('addresses', 'addresses.port_id', 'ports.id')
    .select(['ports.id', 'ports.leased_ms as known_ms'])
    .select(['guest_leases.leased_ms', 'guest_leases.server_id'])
    .where('guest_leases.server_id', 'in', serverIds)
    .where((one) =>
      one.or([
        one('ports.mac', '=', one.ref('guest_leases.mac')),
        one.and([
          one('ports.mac', 'is', null),
          one('addresses.address', '=', one.ref('guest_leases.address')),
        ]),
      ]),
    )
    .execute()
  const noted = new Set<number>()
  for (const { id, known_ms: knownMs, leased_ms: leasedMs, server_id: serverId } of leases) {
    noted.add(serverId)
    if (knownMs !== null && knownMs >= leasedMs) continue
    await tx.updateTable('ports').set({ leased_ms: leasedMs }).where('id', '=', id).execute()
  }
  return noted
}
