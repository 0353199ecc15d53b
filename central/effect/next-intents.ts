import type { ExpressionBuilder } from 'kysely'
import type { Database } from '#central/store/schema.js'
import type { Change, Store } from '#central/store/store.js'
import type { IntentRow } from './end-intent.js'

/**
 * Intents of a cluster that may be submitted now, oldest first.
 *
 * Of one server, and of one network at this cluster, an intent comes after all that were opened before it were submitted; a rebuild
 * after they have ended, for it is the one that cannot be made to wait at Ganeti.
 */
export async function nextIntents(
  { read }: Pick<Store, 'read'>,
  {
    backendId,
    nowMs,
    count,
  }: { readonly backendId: number; readonly nowMs: number; readonly count: number },
): Promise<readonly IntentRow[]> {
  const due = await read
    .selectFrom('intents as i')
    .selectAll('i')
    .where('i.backend_id', '=', backendId)
    .where('i.status', '=', 'pending')
    .where('i.next_ms', '<=', nowMs)
    .where(({ not, exists }) => not(exists((builder) => earlierOfServer(builder))))
    .where(({ not, exists }) => not(exists((builder) => earlierOfNetwork(builder))))
    .orderBy('i.id')
    .limit(count)
    .execute()
  const held = await unsubmitted(read, due.flatMap(afterOf))
  return due.filter((intent) => !afterOf(intent).some((id) => held.has(id)))
}

/** The intents that go before one. */
export function afterOf({ after }: Pick<IntentRow, 'after'>): readonly number[] {
  const ids: unknown = JSON.parse(after)
  return Array.isArray(ids) ? ids.filter(Number.isSafeInteger) : []
}

/** Jobs that must have ended before an intent's own begins. */
export async function jobsBefore(tx: Change, intent: IntentRow): Promise<readonly number[]> {
  const { id, backend_id: backendId, server_id: serverId, network_id: networkId } = intent
  const rows = await tx
    .selectFrom('intents')
    .select('job_id')
    .where('backend_id', '=', backendId)
    .where('status', '=', 'submitted')
    .where('id', '!=', id)
    .where(({ and, eb, or }) => {
      const after = afterOf(intent)
      const earlier = eb('id', '<', id)
      return or([
        ...(after.length === 0 ? [] : [eb('id', 'in', after)]),
        ...(serverId === null ? [] : [and([earlier, eb('server_id', '=', serverId)])]),
        ...(networkId === null
          ? []
          : [and([earlier, eb('network_id', '=', networkId), eb('server_id', 'is', null)])]),
      ])
    })
    .orderBy('job_id')
    .execute()
  return rows.flatMap(({ job_id: jobId }) => (jobId === null ? [] : [jobId]))
}

type Outer = Database & { readonly i: Database['intents'] }

function earlierOfServer(builder: ExpressionBuilder<Outer, 'i'>) {
  return builder
    .selectFrom('intents as e')
    .select('e.id')
    .whereRef('e.server_id', '=', 'i.server_id')
    .whereRef('e.id', '<', 'i.id')
    .where(({ eb, or, and }) =>
      or([
        eb('e.status', 'in', ['pending', 'submitting']),
        and([eb('i.kind', '=', 'rebuild'), eb('e.status', '=', 'submitted')]),
      ]),
    )
}

function earlierOfNetwork(builder: ExpressionBuilder<Outer, 'i'>) {
  return builder
    .selectFrom('intents as e')
    .select('e.id')
    .whereRef('e.network_id', '=', 'i.network_id')
    .whereRef('e.backend_id', '=', 'i.backend_id')
    .whereRef('e.id', '<', 'i.id')
    .where('e.server_id', 'is', null)
    .where('e.status', 'in', ['pending', 'submitting'])
}

async function unsubmitted(
  read: Store['read'],
  ids: readonly number[],
): Promise<ReadonlySet<number>> {
  if (ids.length === 0) return new Set()
  const rows = await read
    .selectFrom('intents')
    .select('id')
    .where('id', 'in', ids)
    .where('status', 'in', ['pending', 'submitting'])
    .execute()
  return new Set(rows.map(({ id }) => id))
}
