import type { RapiClient } from '#central/rapi/rapi-client.js'
import type { BackendRow } from './clients.js'
import type { EffectDeps } from './effect-deps.js'
import { endAlone } from './end-alone.js'
import type { IntentRow } from './end-intent.js'
import { failUnsubmitted } from './fail-unsubmitted.js'
import { findJobs, type Sought } from './find-jobs.js'
import { targetOf } from './intent-token.js'
import { query } from './queries.js'
import { noteJob } from './submit.js'

/** Between two looks. */
const againMs = 5_000

/**
 * Finds out what became of intents whose calls may have been made: each is either found to have a job, or is to be submitted again once
 * no call of ours can turn into one any more.
 *
 * A create whose job Ganeti has forgotten, but whose instance is there, was done.
 * @throws RapiError when the cluster cannot be asked; then nothing is decided
 */
export async function recover(
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
  const askedMs = deps.nowMs()
  const sought = await readable(deps, { backend, intents })
  if (sought.length === 0) return
  const found = new Set<number>()
  const wanted = { backendId: backend.id, sought, signal }
  for await (const { intent, job } of findJobs(deps, client, wanted)) {
    found.add(intent.id)
    await noteJob(deps, { intent, jobId: job.id })
    deps.passed('found')
    deps.log('info', 'intent-found', { intent: intent.id, kind: intent.kind, job: job.id })
  }
  deps.passed('looked-for')
  for (const { intent, request } of sought) {
    if (found.has(intent.id)) continue
    if (askedMs < intent.updated_ms + deps.options.safeMs) {
      await lookAgain(deps, intent)
    } else if (
      intent.kind === 'create-server' &&
      (await isThere(client, targetOf(request), signal))
    ) {
      await deps.store.write((tx) =>
        endAlone(tx, { nowMs: deps.nowMs(), intent, failure: undefined }),
      )
      deps.passed('ended')
    } else {
      await submitAgain(deps, intent)
    }
  }
}

async function readable(
  deps: EffectDeps,
  { backend, intents }: { readonly backend: BackendRow; readonly intents: readonly IntentRow[] },
): Promise<readonly Sought[]> {
  const sought: Sought[] = []
  for (const intent of intents) {
    try {
      sought.push({ intent, request: JSON.parse(deps.sealer.open(intent.request)) })
    } catch {
      const failure = 'what was asked was sealed with another key'
      await failUnsubmitted(deps, { backend, intent, failure })
    }
  }
  return sought
}

async function isThere(
  client: RapiClient,
  name: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const filter = ['=', 'name', name]
  const rows = await query(client, { resource: 'instance', fields: ['name'], filter, signal })
  return rows.some((row) => row['name'] === name)
}

async function lookAgain({ store, nowMs }: EffectDeps, { id }: IntentRow): Promise<void> {
  await store.write((tx) =>
    tx
      .updateTable('intents')
      .set({ next_ms: nowMs() + againMs })
      .where('id', '=', id)
      .where('status', '=', 'submitting')
      .execute(),
  )
}

/** Only if it is still the try that was looked for. */
async function submitAgain({ store, nowMs, log }: EffectDeps, intent: IntentRow): Promise<void> {
  log('warning', 'intent-again', { intent: intent.id, kind: intent.kind })
  const now = nowMs()
  await store.write((tx) =>
    tx
      .updateTable('intents')
      .set({ status: 'pending', next_ms: now, updated_ms: now })
      .where('id', '=', intent.id)
      .where('status', '=', 'submitting')
      .where('attempts', '=', intent.attempts)
      .execute(),
  )
}
