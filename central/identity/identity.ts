import type { Role } from './users.js'

/** Somebody or something with an id and a name. */
export interface Named {
  readonly id: string
  readonly name: string
}

/** What a valid token says. */
export interface Authenticated {
  readonly user: Named
  /** Undefined: of no project yet, only good to choose one. */
  readonly project: Named | undefined
  /** In that project. */
  readonly roles: readonly Role[]
  readonly issuedMs: number
  readonly expiresMs: number
  readonly auditId: string
}

/** Who says whose a token is. */
export interface Identity {
  /** What a token says; undefined when it is none, or has ended. */
  authenticate(token: string): Promise<Authenticated | undefined>
}
