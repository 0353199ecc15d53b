import type { ExpressionBuilder } from 'kysely'
import type { Database } from '#central/store/schema.js'
import type { Store } from '#central/store/store.js'
import type { Finding } from './finding.js'
import type { ReconcileDeps } from './reconcile.js'

/** Values of pools whose owners are gone: there should be none, for they are given back in the change that ends the owner. */
export async function findLeaks({ read }: Pick<Store, 'read'>): Promise<readonly Finding[]> {
  const rows = await read
    .selectFrom('pool_values')
    .select(['value', 'owner_kind', 'owner_id'])
    .where(isLeaked)
    .execute()
  return rows.map(({ value, owner_kind: kind, owner_id: id }) => ({
    kind: 'leaked-pool-value',
    name: value,
    detail: `taken by ${kind} ${id}, which is gone`,
    action: { kind: 'report' },
  }))
}

/** Gives them back, after the quarantine that any value has. */
export async function releaseLeaks({
  store,
  config,
  nowMs,
}: Pick<ReconcileDeps, 'store' | 'config' | 'nowMs'>): Promise<void> {
  const freeMs = nowMs() + config.network.quarantine.ms
  await store.write((tx) =>
    tx
      .updateTable('pool_values')
      .set({ owner_kind: null, owner_id: null, free_ms: freeMs })
      .where(isLeaked)
      .execute(),
  )
}

/** Its owner's row does not exist. Rows are made before the values that they take, in the same change. */
function isLeaked({ and, or, eb, not, exists }: ExpressionBuilder<Database, 'pool_values'>) {
  const owners = [
    ['port', 'ports'],
    ['floating-ip', 'floating_ips'],
    ['network', 'networks'],
  ] as const
  return or(
    owners.map(([kind, table]) =>
      and([
        eb('pool_values.owner_kind', '=', kind),
        not(
          exists(
            eb
              .selectFrom(table)
              .select(`${table}.id`)
              .whereRef(`${table}.id`, '=', 'pool_values.owner_id'),
          ),
        ),
      ]),
    ),
  )
}
