import { backoffMs } from '#backoff.js'
import { forVersion } from '#central/intent/for-version.js'
import type { RapiRequest } from '#central/intent/rapi-request.js'
import type { RapiClient } from '#central/rapi/rapi-client.js'
import { RapiError } from '#central/rapi/rapi-error.js'
import { parseJobId } from '#ganeti/job.js'
import type { JsonObject, JsonValue } from '#ganeti/json-value.js'
import type { BackendRow } from './clients.js'
import type { EffectDeps } from './effect-deps.js'
import type { IntentRow } from './end-intent.js'
import { failUnsubmitted } from './fail-unsubmitted.js'
import { kindOf, takesReason, tokenOf } from './intent-token.js'
import { jobsBefore } from './next-intents.js'

/** What a call came to, as far as the next one is concerned. */
export type Submitted = 'answered' | 'unreachable'

/** Between tries of one intent. */
const retry = { firstMs: 1_000, maxMs: 60_000 }

/** Well below the time after which an unknown outcome is taken for none. */
const queueMs = 20_000

/** Until an unknown outcome is looked for first. */
const lookMs = 1_000

/**
 * Submits one intent.
 *
 *     pending --commit--> submitting --call--> (job) --commit--> submitted
 *
 * When we die between, or no answer comes, it is found as `submitting`, and looked for at Ganeti (`find-jobs.ts`) before anything else
 * is done about it.
 */
export async function submit(
  deps: EffectDeps,
  {
    backend,
    intent,
    signal,
  }: {
    readonly backend: BackendRow
    readonly intent: IntentRow
    readonly signal: AbortSignal
  },
): Promise<Submitted> {
  const { passed, clients, log } = deps
  const before = await claim(deps, intent)
  if (before === undefined) return 'answered'
  passed('claimed')
  const request = readRequest(deps, intent)
  if (request === undefined) {
    const failure = 'what was asked was sealed with another key'
    await failUnsubmitted(deps, { backend, intent, failure })
    return 'answered'
  }
  try {
    const complete = completed(request, { deps, backend, intent, before })
    const jobId = await call(clients.of(backend), complete, signal)
    passed('called')
    await noteJob(deps, { intent, jobId })
    passed('submitted')
    log('info', 'intent-submitted', { intent: intent.id, kind: intent.kind, job: jobId })
    return 'answered'
  } catch (error) {
    if (!(error instanceof RapiError)) throw error
    // Stopped: the next start looks for it.
    if (signal.aborted) return 'unreachable'
    log('warning', 'intent-not-submitted', { intent: intent.id, error: error.message })
    return await afterFailure(deps, { backend, intent, error })
  }
}

/** Notes that an intent has a job. */
export async function noteJob(
  { store, nowMs, options }: EffectDeps,
  { intent, jobId }: { readonly intent: IntentRow; readonly jobId: number },
): Promise<void> {
  const now = nowMs()
  await store.write((tx) =>
    tx
      .updateTable('intents')
      .set({
        status: 'submitted',
        job_id: jobId,
        reason: null,
        next_ms: now + options.followMs,
        updated_ms: now,
      })
      .where('id', '=', intent.id)
      .where('status', '=', 'submitting')
      .execute(),
  )
}

/** @returns jobs to wait for; undefined when somebody else was faster */
function claim(
  { store, nowMs }: EffectDeps,
  intent: IntentRow,
): Promise<readonly number[] | undefined> {
  const now = nowMs()
  return store.write(async (tx) => {
    const claimed = await tx
      .updateTable('intents')
      .set({
        status: 'submitting',
        attempts: intent.attempts + 1,
        next_ms: now + lookMs,
        updated_ms: now,
      })
      .where('id', '=', intent.id)
      .where('status', '=', 'pending')
      .returning('id')
      .executeTakeFirst()
    return claimed === undefined ? undefined : jobsBefore(tx, intent)
  })
}

function readRequest({ sealer }: EffectDeps, intent: IntentRow): RapiRequest | undefined {
  try {
    return JSON.parse(sealer.open(intent.request))
  } catch {
    return undefined
  }
}

const finalStatuses: readonly JsonValue[] = ['success', 'error', 'canceled']

/** With its reason, with the jobs that it waits for, and in the words of the cluster's version. */
function completed(
  request: RapiRequest,
  {
    deps,
    backend,
    intent,
    before,
  }: {
    readonly deps: EffectDeps
    readonly backend: BackendRow
    readonly intent: IntentRow
    readonly before: readonly number[]
  },
): RapiRequest {
  const { hotplug } = deps.options
  const spoken = forVersion(request, { version: backend.ganeti_version, hotplug })
  if (!takesReason(kindOf(intent))) return spoken
  const depends: JsonObject =
    before.length === 0 ? {} : { depends: before.map((id) => [id, finalStatuses]) }
  return {
    ...spoken,
    query: { ...spoken.query, reason: tokenOf(intent) },
    body: { ...spoken.body, ...depends },
  }
}

async function call(
  client: RapiClient,
  request: RapiRequest,
  signal: AbortSignal,
): Promise<number> {
  const answer = await client.call(request, { signal, queueMs })
  const jobId = parseJobId(answer)
  if (jobId !== undefined) return jobId
  throw new RapiError('RAPI_UNREACHABLE', 'the answer was no number of a job', { mayBeDone: true })
}

/** Refusals that an administrator may undo: wrong password, too few rights; all others tell that the request itself is no good. */
const curable: ReadonlySet<number> = new Set([401, 403, 408, 429])

async function afterFailure(
  deps: EffectDeps,
  {
    backend,
    intent,
    error: { status, mayBeDone, message },
  }: {
    readonly backend: BackendRow
    readonly intent: IntentRow
    readonly error: RapiError
  },
): Promise<Submitted> {
  const { store, nowMs, random } = deps
  if (status !== undefined && status < 500 && !curable.has(status)) {
    await failUnsubmitted(deps, { backend, intent, failure: message })
    return 'answered'
  }
  const now = nowMs()
  const waitMs = mayBeDone ? lookMs : backoffMs(retry, intent.attempts, random())
  await store.write((tx) =>
    tx
      .updateTable('intents')
      .set({
        status: mayBeDone ? 'submitting' : 'pending',
        reason: message.slice(0, 1000),
        next_ms: now + waitMs,
        ...(mayBeDone ? {} : { updated_ms: now }),
      })
      .where('id', '=', intent.id)
      .where('status', '=', 'submitting')
      .execute(),
  )
  return status === undefined || curable.has(status) ? 'unreachable' : 'answered'
}
