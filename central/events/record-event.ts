import { addEvent } from '#central/store/before-commit.js'
import type { Change } from '#central/store/store.js'
import { formatJson, type JsonObject } from '#ganeti/json-value.js'

/** Something that changed, for those who follow `GET /events`. */
export interface NewEvent {
  /** Whose it is; null: for admins only. */
  readonly projectId: string | null
  readonly serverId: number | null
  /** `server.create`, `server.update`, `network.delete`: the noun, then what became of it. */
  readonly kind: string
  /** What a client wants to know without asking: ids as texts, statuses in the API's words; never a secret. */
  readonly body: JsonObject
  readonly nowMs: number
}

/** Tells of a change in its own transaction: an event is there if and only if what it tells of is. Call `wakeEvents()` after it. */
export async function recordEvent(
  tx: Change,
  { projectId, serverId, kind, body, nowMs }: NewEvent,
): Promise<void> {
  addEvent(tx, {
    project_id: projectId,
    server_id: serverId,
    kind,
    body: formatJson(body),
    created_ms: nowMs,
  })
}
