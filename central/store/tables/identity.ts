import type { Flag } from './flag.js'

/** A tenant. */
export interface ProjectTable {
  /** 32 hexadecimal digits, as Keystone's. */
  readonly id: string
  readonly name: string
  readonly description: string
  readonly is_enabled: Flag
  readonly created_ms: number
}

/** Somebody who may log in. */
export interface UserTable {
  readonly id: string
  readonly name: string
  /** `scrypt$N$r$p$salt$hash`. */
  readonly password_hash: string
  readonly default_project_id: string | null
  readonly is_enabled: Flag
  readonly created_ms: number
}

/** What a user may do in a project. */
export interface RoleAssignmentTable {
  readonly user_id: string
  readonly project_id: string
  readonly role: 'member' | 'admin'
}

/** A token that was issued; itself it is nowhere. */
export interface TokenTable {
  /** SHA-256 of the token, hexadecimal: found by it, so no comparison takes longer the better a guess is. */
  readonly digest: string
  readonly user_id: string
  /** Null: of no project yet (a token to choose one with). */
  readonly project_id: string | null
  readonly issued_ms: number
  readonly expires_ms: number
  /** Keystone's audit id. */
  readonly audit_id: string
}

/** A public SSH key of a user's. */
export interface KeypairTable {
  readonly user_id: string
  readonly name: string
  readonly public_key: string
  /** MD5 in pairs of digits, as Nova shows it. */
  readonly fingerprint: string
  readonly type: 'ssh' | 'x509'
  readonly created_ms: number
}

/** A limit of a project's; what has no row has the configured default. */
export interface QuotaTable {
  readonly project_id: string
  readonly resource: string
  /** -1: none. */
  readonly quota: number
}
