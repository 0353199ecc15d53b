import { requireAscii } from '#central/intent/ascii.js'
import type { IntentKind } from '#central/intent/kind.js'
import type { RapiRequest } from '#central/intent/rapi-request.js'
import type { Sealer } from '#central/store/seal.js'
import type { Change } from '#central/store/store.js'

/** What opening an intent needs to know. */
export interface IntentDeps {
  readonly sealer: Sealer
  readonly nowMs: number
}

/** Something that is to be done at a cluster. */
export interface WantedIntent {
  readonly kind: IntentKind
  readonly backendId: number
  readonly serverId?: number
  readonly networkId?: number
  readonly portId?: number
  readonly request: RapiRequest
  /** Intents whose jobs end first, whatever their end. Those of the same server do so anyway. */
  readonly after?: readonly number[]
}

/**
 * Notes, in the transaction of the change itself, what Ganeti is to be told; the effect loop tells it once that is committed.
 *
 * Intents of one server, or of one network at one cluster, are done in the order in which they were opened.
 * @returns the intent's number, for `servers.task_intent_id` and for `after` of others
 * @throws Error when the request holds anything but printable ASCII
 */
export async function openIntent(
  tx: Change,
  { sealer, nowMs }: IntentDeps,
  { kind, backendId, serverId, networkId, portId, request, after = [] }: WantedIntent,
): Promise<number> {
  requireAscii(request)
  const { id } = await tx
    .insertInto('intents')
    .values({
      backend_id: backendId,
      kind,
      server_id: serverId ?? null,
      network_id: networkId ?? null,
      port_id: portId ?? null,
      request: sealer.seal(JSON.stringify(request)),
      after: JSON.stringify(after),
      status: 'pending',
      job_id: null,
      attempts: 0,
      next_ms: nowMs,
      reason: null,
      created_ms: nowMs,
      updated_ms: nowMs,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}
