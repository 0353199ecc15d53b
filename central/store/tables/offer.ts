import type { ColumnType } from 'kysely'
import type { Flag } from './flag.js'

/** A size of servers. */
export interface FlavorTable {
  readonly id: string
  readonly name: string
  readonly vcpus: number
  readonly ram_mib: number
  readonly disk_gib: number
  /** Ganeti's, `plain`; empty: the cluster's default. */
  readonly disk_template: string
  readonly is_public: Flag
  readonly deleted_ms: number | null
}

/** What is installed: an OS of Ganeti's with its parameters. */
export interface ImageTable {
  /** UUID. */
  readonly id: string
  readonly name: string
  /** `snf-image+default`, `debootstrap+default`. */
  readonly os_type: string
  /** JSON object: template of `osparams`. */
  readonly osparams: string
  /** JSON object: template of what Ganeti keeps out of its files (`central/server/os-parameters.ts`); empty: none. */
  readonly osparams_secret: ColumnType<string, string | undefined, string>
  /** JSON object: hvparams that its servers want. */
  readonly hvparams: string
  /** JSON object of strings. */
  readonly properties: string
  readonly min_disk_gib: number
  readonly min_ram_mib: number
  readonly is_public: Flag
  readonly project_id: string | null
  readonly created_ms: number
  readonly updated_ms: number
  readonly deleted_ms: number | null
}
