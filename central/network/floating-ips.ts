import type { Selectable } from 'kysely'
import { type Change, lock } from '#central/store/store.js'
import type { FloatingIpTable } from '#central/store/tables/network.js'
import type { NetworkDeps } from './network-deps.js'
import { NetworkFault } from './network-fault.js'
import { requireQuota } from './network-quota.js'
import { type NetworkRow, requireNetwork, type Viewer } from './networks.js'
import { passValue, takeAny, takeValue } from './pool.js'
import { addressPools } from './pools.js'

/** A row of `floating_ips`. */
export type FloatingIpRow = Selectable<FloatingIpTable>

/**
 * Gives a project an address to keep, out of a network that is a pool of such.
 * @param networkId absent: whichever public network has one left
 * @throws NetworkFault OverQuota, NetworkNotFound, BadRequest, IpAddressInUse, IpAddressGenerationFailure
 */
export async function createFloatingIp(
  tx: Change,
  deps: NetworkDeps,
  {
    viewer,
    userId,
    networkId,
    address,
  }: {
    readonly viewer: Viewer
    readonly userId: string
    readonly networkId?: number
    readonly address?: string
  },
): Promise<FloatingIpRow> {
  const { projectId } = viewer
  await requireQuota(tx, deps, { projectId, resource: 'floating_ips', count: 1 })
  const networks =
    networkId === undefined
      ? await floatingPools(tx)
      : [await requirePool(tx, deps, { viewer, networkId })]
  for (const network of networks) {
    const made = await takeFrom(tx, deps, {
      network,
      projectId,
      userId,
      ...(address && { address }),
    })
    if (made !== undefined) return made
  }
  throw address === undefined
    ? new NetworkFault('IpAddressGenerationFailure', 'there is no floating address left')
    : new NetworkFault(
        'IpAddressInUse',
        `${address} is in use, reserved, resting or not of the pool`,
      )
}

/** Networks that give floating addresses. */
export async function floatingPools(tx: Change): Promise<readonly NetworkRow[]> {
  return await tx
    .selectFrom('networks')
    .selectAll()
    .where('is_floating_pool', '=', 1)
    .where('is_deleting', '=', 0)
    .where('is_drained', '=', 0)
    .where('deleted_ms', 'is', null)
    .orderBy('id')
    .execute()
}

async function requirePool(
  tx: Change,
  deps: NetworkDeps,
  { viewer, networkId }: { readonly viewer: Viewer; readonly networkId: number },
): Promise<NetworkRow> {
  const network = await requireNetwork(tx, deps, { networkId, viewer })
  if (network.is_floating_pool === 0 || network.is_deleting === 1 || network.is_drained === 1) {
    throw new NetworkFault('BadRequest', `network ${networkId} gives no floating addresses`)
  }
  return network
}

async function takeFrom(
  tx: Change,
  deps: NetworkDeps,
  wanted: {
    readonly network: NetworkRow
    readonly projectId: string
    readonly userId: string
    readonly address?: string
  },
): Promise<FloatingIpRow | undefined> {
  const poolIds = await addressPools(tx, wanted.network.id)
  // its own number is not known yet; nobody else sees that until this change is committed
  const owner = { kind: 'floating-ip', id: 0 } as const
  const taken =
    wanted.address === undefined
      ? await takeAny(tx, deps, { poolIds, owner })
      : await takeValue(tx, deps, { poolIds, owner, value: wanted.address })
  if (taken === undefined) return undefined
  const row = await tx
    .insertInto('floating_ips')
    .values({
      project_id: wanted.projectId,
      user_id: wanted.userId,
      network_id: wanted.network.id,
      address: taken.value,
      pool_value_id: taken.id,
      port_id: null,
      created_ms: deps.nowMs,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  await passValue(tx, taken.id, { kind: 'floating-ip', id: row.id })
  return row
}

/** A floating address of the project's that no port has, locked; this one, or the oldest. */
export async function freeFloatingIp(
  tx: Change,
  deps: Pick<NetworkDeps, 'engine'>,
  {
    networkId,
    projectId,
    address,
  }: { readonly networkId: number; readonly projectId: string; readonly address?: string },
): Promise<
  | { readonly floatingIpId: number; readonly address: string; readonly poolValueId: number }
  | undefined
> {
  let query = tx
    .selectFrom('floating_ips')
    .selectAll()
    .where('network_id', '=', networkId)
    .where('project_id', '=', projectId)
    .where('port_id', 'is', null)
    .orderBy('id')
    .limit(1)
  if (address !== undefined) query = query.where('address', '=', address)
  const row = await lock(query, deps).executeTakeFirst()
  return row && { floatingIpId: row.id, address: row.address, poolValueId: row.pool_value_id }
}

/**
 * A floating address of the viewer's, locked.
 * @throws NetworkFault FloatingIPNotFound
 */
export async function requireFloatingIp(
  tx: Change,
  deps: Pick<NetworkDeps, 'engine'>,
  { floatingIpId, viewer }: { readonly floatingIpId: number; readonly viewer: Viewer },
): Promise<FloatingIpRow> {
  const query = tx.selectFrom('floating_ips').selectAll().where('id', '=', floatingIpId)
  const row = await lock(query, deps).executeTakeFirst()
  if (row === undefined || (!viewer.isAdmin && row.project_id !== viewer.projectId)) {
    throw new NetworkFault('FloatingIPNotFound', `there is no floating address ${floatingIpId}`)
  }
  return row
}

/**
 * Gives a floating address back; quarantine begins.
 * @throws NetworkFault Conflict when a server has it
 */
export async function deleteFloatingIp(
  tx: Change,
  { nowMs }: Pick<NetworkDeps, 'nowMs'>,
  row: FloatingIpRow,
): Promise<void> {
  if (row.port_id !== null) {
    throw new NetworkFault('Conflict', `${row.address} is in use: take it off its server first`)
  }
  await tx.deleteFrom('floating_ips').where('id', '=', row.id).execute()
  await tx
    .updateTable('pool_values')
    .set({ owner_kind: null, owner_id: null, free_ms: nowMs })
    .where('id', '=', row.pool_value_id)
    .execute()
}
