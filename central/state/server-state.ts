import type { Stamp } from '#central/stamp.js'
import type { Row } from '#central/store/schema.js'
import type { ServerTable } from '#central/store/tables/server.js'
import type { JsonObject } from '#ganeti/json-value.js'

/** The columns of a server that messages decide, and those only. */
export const stateColumns = {
  power: 'text',
  op_power: 'text',
  power_stamp: 'text',
  guest: 'text',
  guest_node: 'text',
  guest_stamp: 'text',
  progress: 'number',
  op_code: 'text',
  op_status: 'text',
  op_job_id: 'number',
  op_log: 'text',
  op_stamp: 'text',
  vcpus: 'number',
  vcpus_stamp: 'text',
  ram_mib: 'number',
  ram_stamp: 'text',
  disk_mib: 'number',
  disk_stamp: 'text',
  nics_serial: 'number',
  nics_stamp: 'text',
  tags: 'text',
  tags_stamp: 'text',
  node: 'text',
  node_stamp: 'text',
  fault_code: 'number',
  fault_message: 'text',
  fault_ms: 'number',
  deleted_ms: 'number',
} as const satisfies Partial<Readonly<Record<keyof ServerTable, 'text' | 'number'>>>

/** What messages decide of a server, and what they only look at. */
export interface ServerState
  extends Pick<Row<'servers'>, keyof typeof stateColumns | 'progress_stamp'> {
  /** The newest list of NICs where it was told now; else undefined. */
  readonly nics: NewNics | undefined
}

/** NICs of an instance as Ganeti has them since then. */
export interface NewNics {
  readonly nics: readonly JsonObject[]
  readonly stamp: Stamp
}
