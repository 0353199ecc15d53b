import type { Selectable } from 'kysely'
import type { Names } from '#central/names.js'
import { type Change, lock } from '#central/store/store.js'
import type { NetworkFlavor, NetworkTable } from '#central/store/tables/network.js'
import type { NetworkDeps } from './network-deps.js'
import { NetworkFault } from './network-fault.js'
import { flavorPlans } from './network-flavor.js'
import { requireQuota } from './network-quota.js'
import { takeAny } from './pool.js'
import { sharedPools } from './pools.js'

/** A row of `networks`. */
export type NetworkRow = Selectable<NetworkTable>

/** A network that somebody wants. */
export interface WantedNetwork {
  readonly name: string
  /** Null: the provider's own. */
  readonly projectId: string | null
  readonly userId: string | null
  readonly flavor: NetworkFlavor
  readonly isPublic?: boolean
  /** Addresses of it are given as floating ones only. */
  readonly isFloatingPool?: boolean
  /** An admin's choice, instead of the flavor's; not of what comes from a pool. */
  readonly mode?: NetworkTable['mode']
  readonly link?: string
  readonly macPrefix?: string
  readonly tags?: readonly string[]
}

/**
 * Makes a network in the store. Clusters get it when its first port comes to them.
 * @throws NetworkFault OverQuota, Conflict when a pool is empty, BadRequest for a link or prefix that a pool decides
 */
export async function createNetwork(
  tx: Change,
  deps: NetworkDeps,
  wanted: WantedNetwork,
): Promise<NetworkRow> {
  const plan = flavorPlans[wanted.flavor]
  if (plan.link === 'pool' && wanted.link !== undefined) {
    throw new NetworkFault('BadRequest', 'the link of a PHYSICAL_VLAN network comes from its pool')
  }
  if (plan.macPrefix === 'pool' && wanted.macPrefix !== undefined) {
    throw new NetworkFault('BadRequest', 'the prefix of a MAC_FILTERED network comes from its pool')
  }
  if (wanted.projectId !== null) {
    await requireQuota(tx, deps, { projectId: wanted.projectId, resource: 'networks', count: 1 })
  }
  const tags = wanted.tags ?? (plan.tag === undefined ? [] : [plan.tag])
  const { id } = await tx
    .insertInto('networks')
    .values({
      name: wanted.name,
      project_id: wanted.projectId,
      user_id: wanted.userId,
      flavor: wanted.flavor,
      mode: wanted.mode ?? plan.mode,
      link: '',
      mac_prefix: wanted.macPrefix ?? deps.network.mac_prefix,
      ganeti_name: null,
      tags: JSON.stringify(tags),
      is_public: wanted.isPublic === true ? 1 : 0,
      is_floating_pool: wanted.isFloatingPool === true ? 1 : 0,
      is_drained: 0,
      state: 'ACTIVE',
      is_deleting: 0,
      created_ms: deps.nowMs,
      updated_ms: deps.nowMs,
      deleted_ms: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  const link = await linkOf(tx, deps, { id, wanted })
  const prefix =
    plan.macPrefix === 'pool' ? await takeShared(tx, deps, 'mac-prefix', id) : undefined
  return await tx
    .updateTable('networks')
    .set({ link, ...(prefix === undefined ? {} : { mac_prefix: prefix }) })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

async function linkOf(
  tx: Change,
  deps: NetworkDeps,
  { id, wanted }: { readonly id: number; readonly wanted: WantedNetwork },
): Promise<string> {
  if (wanted.link !== undefined) return wanted.link
  switch (flavorPlans[wanted.flavor].link) {
    case 'bridge':
      return deps.network.bridge
    case 'mac-filtered-bridge':
      return deps.network.mac_filtered_bridge
    case 'table':
      return deps.names.link(id)
    case 'pool':
      return await takeShared(tx, deps, 'bridge', id)
  }
}

async function takeShared(
  tx: Change,
  deps: NetworkDeps,
  kind: 'bridge' | 'mac-prefix',
  networkId: number,
): Promise<string> {
  const poolIds = await sharedPools(tx, deps, kind)
  const owner = { kind: 'network', id: networkId } as const
  const taken = await takeAny(tx, deps, { poolIds, owner })
  if (taken !== undefined) return taken.value
  const what = kind === 'bridge' ? 'bridges' : 'prefixes of hardware addresses'
  throw new NetworkFault('Conflict', `there are no ${what} left for another network`)
}

/** Who looks for networks. */
export interface Viewer {
  readonly projectId: string
  readonly isAdmin: boolean
}

/** True when somebody may know of a network: its own project, everybody of a public one, and admins. */
export function canSee(
  { projectId, isAdmin }: Viewer,
  network: Pick<NetworkRow, 'project_id' | 'is_public' | 'is_deleting' | 'deleted_ms'>,
): boolean {
  if (network.deleted_ms !== null) return false
  if (isAdmin) return true
  if (network.is_deleting === 1) return false
  return network.is_public === 1 || network.project_id === projectId
}

/**
 * The network of this number, locked until the change ends.
 * @throws NetworkFault NetworkNotFound when there is none that its viewer may know of
 */
export async function requireNetwork(
  tx: Change,
  { engine }: Pick<NetworkDeps, 'engine'>,
  { networkId, viewer }: { readonly networkId: number; readonly viewer: Viewer },
): Promise<NetworkRow> {
  const query = tx.selectFrom('networks').selectAll().where('id', '=', networkId)
  const row = await lock(query, { engine }).executeTakeFirst()
  if (row === undefined || !canSee(viewer, row)) {
    throw new NetworkFault('NetworkNotFound', `there is no network ${networkId}`)
  }
  return row
}

/** Ganeti's name of a network; undefined for what is a link to Ganeti, not a network. */
export function ganetiNameOf(
  names: Names,
  { id, ganeti_name: foreign }: Pick<NetworkRow, 'id' | 'ganeti_name'>,
): string | undefined {
  if (foreign === null) return names.network(id)
  return foreign.startsWith('link:') ? undefined : foreign
}
