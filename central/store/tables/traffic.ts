import type { Generated } from 'kysely'

/** What is to be done at Ganeti (`central/intent/`). */
export interface IntentTable {
  readonly id: Generated<number>
  readonly backend_id: number
  readonly kind: string
  readonly server_id: number | null
  readonly network_id: number | null
  readonly port_id: number | null
  /** Sealed JSON of a `RapiRequest`; empty once it has ended. */
  readonly request: string
  /** JSON list of intents whose jobs go first. */
  readonly after: string
  /**
   * `pending` is to be submitted; `submitting` was perhaps; `submitted` has a job; `done` and `failed` are ends.
   */
  readonly status: 'pending' | 'submitting' | 'submitted' | 'done' | 'failed'
  readonly job_id: number | null
  readonly attempts: number
  readonly next_ms: number
  /** Why it failed, or why it waits. */
  readonly reason: string | null
  readonly created_ms: number
  readonly updated_ms: number
}

/** What is told on `GET /events`, in the transaction of the change itself. */
export interface EventTable {
  readonly id: Generated<number>
  /** Null: for admins only. */
  readonly project_id: string | null
  readonly server_id: number | null
  readonly kind: string
  /** JSON object. */
  readonly body: string
  readonly created_ms: number
}

/** Messages that were taken. */
export interface SeenMessageTable {
  readonly message_id: string
  readonly seen_ms: number
}

/** Messages that could not be taken. */
export interface DeadLetterTable {
  readonly id: Generated<number>
  readonly message_id: string
  readonly routing_key: string
  /** JSON object. */
  readonly headers: string
  readonly broker_user: string | null
  readonly body: string
  readonly reason: string
  readonly attempts: number
  readonly created_ms: number
}
