import type { RapiClient } from '#central/rapi/rapi-client.js'
import { RapiError } from '#central/rapi/rapi-error.js'
import { isFinal, parseOpStatus } from '#ganeti/status.js'
import type { BackendRow } from './clients.js'
import type { EffectDeps } from './effect-deps.js'
import { endAlone } from './end-alone.js'
import type { IntentRow } from './end-intent.js'
import { findJobs } from './find-jobs.js'
import { jobFailure, jobMessages } from './job-messages.js'
import { query } from './queries.js'
import { fetchJob, type RapiJob } from './rapi-job.js'
import { failureOf } from './settle-intents.js'

/** Longest time between two looks at one job. */
const maxWaitMs = 60_000

/**
 * Looks after jobs that no message has told the end of in a while: one question for all of them, and one for each that has ended. What
 * it finds is taken as if the messages had come.
 * @throws RapiError when the cluster cannot be asked
 */
export async function follow(
  deps: EffectDeps,
  client: RapiClient,
  {
    backend,
    intents,
    signal,
  }: {
    readonly backend: BackendRow
    readonly intents: readonly IntentRow[]
    readonly signal?: AbortSignal
  },
): Promise<void> {
  const running = await runningJobs(client, { intents, signal })
  deps.passed('followed')
  for (const intent of intents) {
    if (intent.job_id === null) continue
    if (running.has(intent.job_id)) {
      await lookLater(deps, intent)
      continue
    }
    const job = await fetchJob(client, intent.job_id, { signal })
    if (job === undefined) await end(deps, { backend, intent, failure: forgotten(intent.job_id) })
    else if (isFinal(job.status)) await takeEnd(deps, client, { backend, intent, job, signal })
    else await lookLater(deps, intent)
  }
}

function forgotten(jobId: number): string {
  return `Ganeti does not know job ${jobId} any more; what it did is found by reconciliation`
}

/** Those of which it is certain that they have not ended. */
async function runningJobs(
  client: RapiClient,
  {
    intents,
    signal,
  }: { readonly intents: readonly IntentRow[]; readonly signal: AbortSignal | undefined },
): Promise<ReadonlySet<number>> {
  const filter = ['|', ...intents.map(({ job_id: id }) => ['=', 'id', id])]
  const fields = ['id', 'status']
  try {
    const rows = await query(client, { resource: 'job', fields, filter, signal })
    return new Set(
      rows.flatMap(({ id, status }) => {
        const known = parseOpStatus(status)
        return typeof id === 'number' && known !== undefined && !isFinal(known) ? [id] : []
      }),
    )
  } catch (error) {
    if (!(error instanceof RapiError) || error.status !== 500) throw error
    return new Set()
  }
}

async function takeEnd(
  deps: EffectDeps,
  client: RapiClient,
  {
    backend,
    intent,
    job,
    signal,
  }: {
    readonly backend: BackendRow
    readonly intent: IntentRow
    readonly job: RapiJob
    readonly signal: AbortSignal | undefined
  },
): Promise<void> {
  const { reason, code } = jobFailure(job)
  if (job.status !== 'success' && intent.kind === 'create-server' && code === 'already_exists') {
    const other = await otherCreate(deps, client, { backend, intent, signal })
    if (other !== undefined) {
      await adoptJob(deps, { intent, job: other })
      return
    }
  }
  const isGone = intent.kind === 'delete-server' && code === 'unknown_entity'
  const failure =
    job.status === 'success' || isGone
      ? undefined
      : failureOf({
          jobId: job.id,
          status: job.status === 'canceled' ? 'canceled' : 'error',
          reason,
        })
  await end(deps, { backend, intent, failure, job })
}

/** The name was taken: by an earlier try of the same create, whose answer was lost? */
async function otherCreate(
  deps: EffectDeps,
  client: RapiClient,
  {
    backend,
    intent,
    signal,
  }: {
    readonly backend: BackendRow
    readonly intent: IntentRow
    readonly signal: AbortSignal | undefined
  },
): Promise<RapiJob | undefined> {
  const request = JSON.parse(deps.sealer.open(intent.request))
  // From its first try on, not only from the last one.
  const sought = [{ intent: { ...intent, updated_ms: intent.created_ms }, request }]
  const wanted = { backendId: backend.id, sought, signal }
  for await (const { job } of findJobs(deps, client, wanted)) return job
  return undefined
}

async function adoptJob(
  { store, nowMs }: EffectDeps,
  { intent, job }: { readonly intent: IntentRow; readonly job: RapiJob },
): Promise<void> {
  const now = nowMs()
  await store.write((tx) =>
    tx
      .updateTable('intents')
      .set({ job_id: job.id, next_ms: now, updated_ms: now })
      .where('id', '=', intent.id)
      .where('status', '=', 'submitted')
      .execute(),
  )
}

async function end(
  deps: EffectDeps,
  {
    backend,
    intent,
    failure,
    job,
  }: {
    readonly backend: BackendRow
    readonly intent: IntentRow
    readonly failure: string | undefined
    readonly job?: RapiJob
  },
): Promise<void> {
  const { store, nowMs, takeMessages, wakeEvents, passed } = deps
  await store.write(async (tx) => {
    if (job !== undefined) await takeMessages(tx, jobMessages(backend, job))
    // What was told has ended it, unless there was doubt, or nothing to tell.
    const left = await tx
      .selectFrom('intents')
      .select('id')
      .where('id', '=', intent.id)
      .where('status', '=', 'submitted')
      .executeTakeFirst()
    if (left !== undefined) await endAlone(tx, { nowMs: nowMs(), intent, failure })
  })
  wakeEvents()
  passed('ended')
}

async function lookLater({ store, nowMs, options }: EffectDeps, intent: IntentRow): Promise<void> {
  const now = nowMs()
  const waitMs = Math.min(maxWaitMs, Math.max(options.followMs, (now - intent.created_ms) / 4))
  await store.write((tx) =>
    tx
      .updateTable('intents')
      .set({ next_ms: now + Math.round(waitMs) })
      .where('id', '=', intent.id)
      .where('status', '=', 'submitted')
      .execute(),
  )
}
