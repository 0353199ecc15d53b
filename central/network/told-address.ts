import type { Change } from '#central/store/store.js'
import { insertAddress } from './addresses.js'
import type { NetworkDeps } from './network-deps.js'
import type { AddressRow, NetworkAtHand } from './nics-at-hand.js'
import { takeValue } from './pool.js'
import type { PortRow } from './port-rows.js'
import type { SubnetRow } from './subnets.js'

/** What came of an address that Ganeti told. */
interface Outcome {
  readonly hasNews: boolean
  /** What another port of ours has been promised. */
  readonly conflict: string | undefined
}

/** The network that a port is on now. */
type Network = Omit<NetworkAtHand, 'subnets'> & { readonly subnet: SubnetRow | undefined }

/** Makes the IPv4 address of a port what Ganeti says that it is. @param has those that it had */
export async function setToldAddress(
  tx: Change,
  deps: Pick<NetworkDeps, 'nowMs' | 'network'>,
  {
    port,
    network,
    has,
    ip,
  }: {
    readonly port: PortRow
    readonly network: Network
    readonly has: readonly AddressRow[]
    readonly ip: string | undefined
  },
): Promise<Outcome> {
  const isSame = has.length === 1 && has[0]?.address === ip && has[0]?.network_id === network.id
  if (isSame || (has.length === 0 && ip === undefined))
    return { hasNews: false, conflict: undefined }
  for (const { id, pool_value_id: valueId, floating_ip_id: floatingId } of has) {
    await tx.deleteFrom('addresses').where('id', '=', id).execute()
    if (floatingId !== null) {
      await tx
        .updateTable('floating_ips')
        .set({ port_id: null })
        .where('id', '=', floatingId)
        .execute()
    } else if (valueId !== null) {
      await tx
        .updateTable('pool_values')
        .set({ owner_kind: null, owner_id: null, free_ms: deps.nowMs })
        .where('id', '=', valueId)
        .execute()
    }
  }
  if (ip === undefined) return { hasNews: true, conflict: undefined }
  const isOurs = await takeTold(tx, deps, { port, network, ip })
  return { hasNews: isOurs || has.length > 0, conflict: isOurs ? undefined : ip }
}

async function takeTold(
  tx: Change,
  deps: Pick<NetworkDeps, 'nowMs' | 'network'>,
  { port, network, ip }: { readonly port: PortRow; readonly network: Network; readonly ip: string },
): Promise<boolean> {
  const { poolIds, subnet } = network
  const owner = { kind: 'port', id: port.id } as const
  const value = await takeValue(tx, deps, { poolIds, owner, value: ip, isTold: true })
  const address = { network, portId: port.id, subnet, address: ip }
  if (value !== undefined) return await insertAddress(tx, { ...address, poolValueId: value.id })
  const floating = network.isFloatingPool
    ? await tx
        .selectFrom('floating_ips')
        .selectAll()
        .where('network_id', '=', network.id)
        .where('address', '=', ip)
        .executeTakeFirst()
    : undefined
  if (floating === undefined) {
    // in no pool, or promised to a port that its job has not made yet
    return await insertAddress(tx, address)
  }
  if (floating.port_id !== null || floating.project_id !== port.project_id) return false
  await tx
    .updateTable('floating_ips')
    .set({ port_id: port.id })
    .where('id', '=', floating.id)
    .execute()
  const { pool_value_id: poolValueId, id: floatingIpId } = floating
  return await insertAddress(tx, { ...address, poolValueId, floatingIpId })
}
