import type { Change } from '#central/store/store.js'
import type { NetworkDeps } from './network-deps.js'
import type { ToldNic } from './told-nic.js'

/**
 * The number of the network that a NIC of Ganeti's is on: one of ours by its name, else a row for what was there before us, a
 * network or a mere link. Only admins see such rows; servers show their addresses.
 */
export async function networkOfNic(
  tx: Change,
  deps: Pick<NetworkDeps, 'names' | 'nowMs'>,
  nic: Pick<ToldNic, 'network' | 'mode' | 'link'>,
): Promise<number> {
  const own = nic.network === undefined ? undefined : deps.names.networkIdOf(nic.network)
  const ours = own === undefined ? undefined : await findId(tx, own)
  if (ours !== undefined) return ours
  const name = nic.network ?? `link:${nic.link ?? 'unknown'}`
  const known = await findForeign(tx, name)
  if (known !== undefined) return known
  const made = await tx
    .insertInto('networks')
    .values({
      ...{ name: nic.network ?? nic.link ?? 'unknown', project_id: null, user_id: null },
      ...{ flavor: 'CUSTOM', mode: modeOf(nic.mode), link: nic.link ?? '', mac_prefix: '' },
      ...{ ganeti_name: name, tags: '[]', is_public: 0, is_floating_pool: 0, is_drained: 0 },
      ...{ state: 'ACTIVE', is_deleting: 0, deleted_ms: null },
      ...{ created_ms: deps.nowMs, updated_ms: deps.nowMs },
    })
    .onConflict((conflict) => conflict.column('ganeti_name').doNothing())
    .returning('id')
    .executeTakeFirst()
  const id = made?.id ?? (await findForeign(tx, name))
  if (id === undefined) throw new Error(`network ${name} is neither there nor can it be made`)
  return id
}

async function findId(tx: Change, id: number): Promise<number | undefined> {
  const row = await tx.selectFrom('networks').select('id').where('id', '=', id).executeTakeFirst()
  return row?.id
}

async function findForeign(tx: Change, name: string): Promise<number | undefined> {
  const query = tx.selectFrom('networks').select('id').where('ganeti_name', '=', name)
  return (await query.executeTakeFirst())?.id
}

function modeOf(mode: string | undefined): 'bridged' | 'routed' | 'openvswitch' {
  return mode === 'routed' || mode === 'openvswitch' ? mode : 'bridged'
}
