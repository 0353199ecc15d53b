import type { Kysely } from 'kysely'
import { lockQuota } from '#central/server/quota.js'
import type { Database } from '#central/store/schema.js'
import type { Change } from '#central/store/store.js'
import type { NetworkDeps } from './network-deps.js'
import { NetworkFault } from './network-fault.js'

/** What of a project is counted here. */
export type NetworkResource = 'networks' | 'ports' | 'floating_ips'

/** How much a project may have of something; -1: any. */
export async function quotaOf(
  tx: Kysely<Database>,
  { quota }: Pick<NetworkDeps, 'quota'>,
  { projectId, resource }: { readonly projectId: string; readonly resource: NetworkResource },
): Promise<number> {
  const row = await tx
    .selectFrom('quotas')
    .select('quota')
    .where('project_id', '=', projectId)
    .where('resource', '=', resource)
    .executeTakeFirst()
  return row?.quota ?? quota[resource]
}

/** How much of it the project has. */
export async function usedOf(
  tx: Kysely<Database>,
  { projectId, resource }: { readonly projectId: string; readonly resource: NetworkResource },
): Promise<number> {
  const counting = tx
    .selectFrom(resource)
    .select((of) => of.fn.countAll<number>().as('count'))
    .where('project_id', '=', projectId)
  const row = await (resource === 'networks'
    ? counting.where('deleted_ms', 'is', null)
    : counting
  ).executeTakeFirst()
  return row?.count ?? 0
}

/**
 * Makes sure that a project may have so many more. Changes that use its quota wait for each other, so that each sees what the
 * others made.
 * @throws NetworkFault OverQuota
 */
export async function requireQuota(
  tx: Change,
  deps: Pick<NetworkDeps, 'quota' | 'engine'>,
  wanted: {
    readonly projectId: string
    readonly resource: NetworkResource
    readonly count: number
  },
): Promise<void> {
  if (wanted.count === 0) return
  const allowed = await quotaOf(tx, deps, wanted)
  if (allowed < 0) return
  await lockQuota(tx, { store: deps, projectId: wanted.projectId })
  const used = await usedOf(tx, wanted)
  if (used + wanted.count > allowed) {
    const what = wanted.resource.replace('_', ' ')
    throw new NetworkFault('OverQuota', `the project has ${used} of ${allowed} ${what}`)
  }
}
