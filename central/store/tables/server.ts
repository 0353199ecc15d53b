import type { Generated } from 'kysely'
import type { Flag } from './flag.js'

/** What a server is doing, or was last known to. */
export type Power = 'BUILD' | 'ERROR' | 'STOPPED' | 'STARTED' | 'DESTROYED'

/** What was asked of a server and has not ended. */
export type ServerTask =
  | 'CREATE'
  | 'START'
  | 'STOP'
  | 'REBOOT'
  | 'HARD_REBOOT'
  | 'DESTROY'
  | 'RESIZE'
  | 'REBUILD'
  | 'CONNECT'
  | 'DISCONNECT'
  | 'FIREWALL'
  | 'RENAME'

/** A virtual machine. */
export interface ServerTable {
  readonly id: Generated<number>
  /** The tenant's name for it. */
  readonly name: string
  readonly project_id: string
  readonly user_id: string
  readonly backend_id: number
  /** Ganeti's name: prefix and id, or another when it was adopted. */
  readonly instance_name: string
  readonly instance_uuid: string | null
  readonly flavor_id: string
  readonly image_id: string | null
  readonly key_name: string | null
  /** Worked out of the next five by `central/state/`, which alone writes it once the row is there. */
  readonly power: Power
  /** What ops made of it; empty: nothing was told yet. */
  readonly op_power: Generated<Power | ''>
  readonly power_stamp: string
  /** What its node saw of its QEMU last: it started, or ended without Ganeti. */
  readonly guest: Generated<'started' | 'exited' | null>
  readonly guest_node: Generated<string | null>
  readonly guest_stamp: Generated<string>
  /** 0 to 100. */
  readonly progress: number
  readonly progress_stamp: string
  /** The newest op that names it. */
  readonly op_code: string | null
  readonly op_status: string | null
  readonly op_job_id: number | null
  readonly op_log: string | null
  readonly op_stamp: string
  /** As Ganeti has them; beside what the flavor says. */
  readonly vcpus: number
  readonly ram_mib: number
  readonly disk_mib: number
  readonly vcpus_stamp: Generated<string>
  readonly ram_stamp: Generated<string>
  readonly disk_stamp: Generated<string>
  /** Ganeti's count of changes that the newest list of NICs came with; 0: none. It goes before the stamp. */
  readonly nics_serial: Generated<number>
  readonly nics_stamp: string
  /** Ganeti's tags of it, a JSON list; empty: never told. */
  readonly tags: Generated<string>
  readonly tags_stamp: Generated<string>
  /** Primary node. */
  readonly node: string | null
  readonly node_stamp: string
  readonly task: ServerTask | null
  readonly task_intent_id: number | null
  /** After a resize until it is confirmed: what to revert to. */
  readonly old_flavor_id: string | null
  readonly fault_code: number | null
  readonly fault_message: string | null
  readonly fault_ms: number | null
  readonly is_adopted: Flag
  readonly created_ms: number
  readonly updated_ms: number
  readonly deleted_ms: number | null
}

/** A tenant's notes on a server. */
export interface ServerMetadataTable {
  readonly server_id: number
  readonly key: string
  readonly value: string
}

/** What the install of a server told. */
export interface DiagnosticTable {
  readonly id: Generated<number>
  readonly server_id: number
  readonly level: 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR'
  readonly source: string
  readonly source_us: number
  readonly message: string
  readonly details: string
  readonly created_ms: number
  /** Of the message that told it: the same one tells it once. */
  readonly message_id: string
}

/** The address that a guest took last, by the MAC of the NIC: it may be told before it is known whose MAC that is. */
export interface GuestLeaseTable {
  readonly server_id: number
  readonly mac: string
  /** Null: not told. */
  readonly address: string | null
  readonly leased_ms: number
}

/** A console that somebody may open. */
export interface ConsoleTable {
  /** SHA-256 of the secret in the address. */
  readonly digest: string
  readonly server_id: number
  readonly expires_ms: number
}

/** What an OS script may fetch once. */
export interface OneTimeParameterTable {
  /** SHA-256 of the secret in the address. */
  readonly digest: string
  readonly server_id: number
  /** Sealed JSON. */
  readonly body: string
  readonly expires_ms: number
}
