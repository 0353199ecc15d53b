import { mayBeJobOf } from '#central/intent/kind.js'
import type { RapiRequest } from '#central/intent/rapi-request.js'
import type { RapiClient } from '#central/rapi/rapi-client.js'
import { RapiError } from '#central/rapi/rapi-error.js'
import { isJsonArray, isJsonObject } from '#ganeti/json-value.js'
import type { EffectDeps } from './effect-deps.js'
import type { IntentRow } from './end-intent.js'
import { kindOf, takesReason, targetOf, tokenOf } from './intent-token.js'
import { query } from './queries.js'
import { fetchJob, microseconds, type RapiJob, textsOf } from './rapi-job.js'

/** An intent whose job is looked for. */
export interface Sought {
  readonly intent: IntentRow
  readonly request: RapiRequest
}

/** Ganeti's clock and ours may differ by so much. */
const skewUs = 600 * 1_000_000

/** Jobs older than this may have been archived: Ganeti does so after six hours. */
const liveMs = 3_600_000

/**
 * Looks for the jobs of intents among those of their cluster, by the reason that each bears. A reinstall bears none: of those of the
 * same server the last counts that nobody else owns and that came after we began.
 *
 * Each is told as soon as it is found: with many to look for it takes a while, and what was found should not be lost with us.
 * @throws RapiError
 */
export async function* findJobs(
  { store, nowMs }: Pick<EffectDeps, 'store' | 'nowMs'>,
  client: RapiClient,
  {
    backendId,
    sought,
    signal,
  }: {
    readonly backendId: number
    readonly sought: readonly Sought[]
    readonly signal?: AbortSignal | undefined
  },
): AsyncGenerator<{ readonly intent: IntentRow; readonly job: RapiJob }> {
  const found = new Set<number>()
  const oldestMs = Math.min(...sought.map(({ intent }) => intent.updated_ms))
  const withArchive = nowMs() - oldestMs > liveMs
  const listed = await listJobs(client, { withArchive, signal })
  const recent = listed.filter(({ receivedUs }) => receivedUs >= oldestMs * 1000 - skewUs)
  const owned = await ownedJobs(store, backendId)
  // Of tries of the same thing the first one counts; of reinstalls the last one: ours came after whatever an administrator did.
  for (const withReason of [true, false]) {
    const some = sought.filter(({ intent }) => takesReason(kindOf(intent)) === withReason)
    const ordered = recent.toSorted((a, b) => (withReason ? a.id - b.id : b.id - a.id))
    for (const { id, summary } of some.length === 0 ? [] : ordered) {
      if (owned.has(id)) continue
      const candidates = some.filter(
        ({ intent, request }) =>
          !found.has(intent.id) &&
          mayBeJobOf({ kind: kindOf(intent), target: targetOf(request) }, summary),
      )
      if (candidates.length === 0) continue
      const job = await fetchJob(client, id, { signal })
      const owner = job && candidates.find(({ intent }) => isJobOf(job, intent))
      if (owner === undefined || job === undefined) continue
      found.add(owner.intent.id)
      yield { intent: owner.intent, job }
    }
  }
}

function isJobOf({ reasons, receivedUs }: RapiJob, intent: IntentRow): boolean {
  return takesReason(kindOf(intent))
    ? reasons.includes(tokenOf(intent))
    : receivedUs >= intent.updated_ms * 1000 - skewUs
}

interface ListedJob {
  readonly id: number
  readonly summary: readonly string[]
  readonly receivedUs: number
}

async function listJobs(
  client: RapiClient,
  {
    withArchive,
    signal,
  }: { readonly withArchive: boolean; readonly signal: AbortSignal | undefined },
): Promise<readonly ListedJob[]> {
  const fields = ['id', 'summary', 'received_ts', ...(withArchive ? ['archived'] : [])]
  try {
    const rows = await query(client, { resource: 'job', fields, signal })
    return rows.flatMap(({ id, summary, received_ts: received }) =>
      typeof id === 'number'
        ? [{ id, summary: textsOf(summary), receivedUs: microseconds(received) }]
        : [],
    )
  } catch (error) {
    // One job with a letter that is no UTF-8 makes the list unreadable as a whole, but not the others one by one.
    if (!(error instanceof RapiError) || error.status !== 500) throw error
    return await listOneByOne(client, signal)
  }
}

/** Newest first, at most so many. */
const oneByOneCount = 1000

async function listOneByOne(
  client: RapiClient,
  signal: AbortSignal | undefined,
): Promise<readonly ListedJob[]> {
  const options = signal === undefined ? {} : { signal }
  const answer = await client.call({ method: 'GET', path: '/2/jobs' }, options)
  const ids = (isJsonArray(answer) ? answer : []).flatMap((row) => {
    const id = isJsonObject(row) ? Number(row['id']) : Number.NaN
    return Number.isSafeInteger(id) ? [id] : []
  })
  const listed: ListedJob[] = []
  for (const id of ids.sort((a, b) => b - a).slice(0, oneByOneCount)) {
    try {
      const job = await fetchJob(client, id, { signal })
      if (job !== undefined) listed.push(job)
    } catch (error) {
      if (!(error instanceof RapiError) || error.status !== 500) throw error
    }
  }
  return listed
}

async function ownedJobs(
  { read }: EffectDeps['store'],
  backendId: number,
): Promise<ReadonlySet<number>> {
  const rows = await read
    .selectFrom('intents')
    .select('job_id')
    .where('backend_id', '=', backendId)
    .where('job_id', 'is not', null)
    .execute()
  return new Set(rows.flatMap(({ job_id: id }) => (id === null ? [] : [id])))
}
