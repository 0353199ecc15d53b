import type { Stamp } from '#central/stamp.js'
import type { Row } from '#central/store/schema.js'
import type { ServerTable } from '#central/store/tables/server.js'
import type { JsonObject } from '#ganeti/json-value.js'

/** The columns of a server that messages decide, and those only. */
export const stateColumns = [
  'power',
  'op_power',
  'power_stamp',
  'guest',
  'guest_node',
  'guest_stamp',
  'progress',
  'op_code',
  'op_status',
  'op_job_id',
  'op_log',
  'op_stamp',
  'vcpus',
  'vcpus_stamp',
  'ram_mib',
  'ram_stamp',
  'disk_mib',
  'disk_stamp',
  'nics_serial',
  'nics_stamp',
  'tags',
  'tags_stamp',
  'node',
  'node_stamp',
  'fault_code',
  'fault_message',
  'fault_ms',
  'deleted_ms',
] as const satisfies readonly (keyof ServerTable)[]

/** What messages decide of a server, and what they only look at. */
export interface ServerState
  extends Pick<Row<'servers'>, (typeof stateColumns)[number] | 'progress_stamp'> {
  /** The newest list of NICs where it was told now; else undefined. */
  readonly nics: NewNics | undefined
}

/** NICs of an instance as Ganeti has them since then. */
export interface NewNics {
  readonly nics: readonly JsonObject[]
  readonly stamp: Stamp
}
