import type { Change } from '#central/store/store.js'
import { insertAddress } from './addresses.js'
import type { NetworkDeps } from './network-deps.js'
import { takeValue } from './pool.js'
import { addressPools } from './pools.js'
import type { PortRow } from './port-rows.js'
import { subnetsOf } from './subnets.js'

/** What came of an address that Ganeti told. */
interface Outcome {
  readonly hasNews: boolean
  /** What another port of ours has been promised. */
  readonly conflict: string | undefined
}

/** Makes the IPv4 address of a port what Ganeti says that it is. */
export async function setToldAddress(
  tx: Change,
  deps: Pick<NetworkDeps, 'nowMs' | 'network'>,
  {
    port,
    networkId,
    ip,
  }: { readonly port: PortRow; readonly networkId: number; readonly ip: string | undefined },
): Promise<Outcome> {
  const has = await tx
    .selectFrom('addresses')
    .selectAll()
    .where('port_id', '=', port.id)
    .where('ip_version', '=', 4)
    .execute()
  const isSame = has.length === 1 && has[0]?.address === ip && has[0]?.network_id === networkId
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
  const isOurs = await takeTold(tx, deps, { port, networkId, ip })
  return { hasNews: isOurs || has.length > 0, conflict: isOurs ? undefined : ip }
}

async function takeTold(
  tx: Change,
  deps: Pick<NetworkDeps, 'nowMs' | 'network'>,
  {
    port,
    networkId,
    ip,
  }: { readonly port: PortRow; readonly networkId: number; readonly ip: string },
): Promise<boolean> {
  const poolIds = await addressPools(tx, networkId)
  const owner = { kind: 'port', id: port.id } as const
  const value = await takeValue(tx, deps, { poolIds, owner, value: ip, isTold: true })
  const subnets = await subnetsOf(tx, networkId)
  const subnet = subnets.find(({ ip_version: version }) => version === 4)
  const address = { network: { id: networkId }, portId: port.id, subnet, address: ip }
  if (value !== undefined) return await insertAddress(tx, { ...address, poolValueId: value.id })
  const floating = await tx
    .selectFrom('floating_ips')
    .selectAll()
    .where('network_id', '=', networkId)
    .where('address', '=', ip)
    .executeTakeFirst()
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
