import { randomBytes } from 'node:crypto'
import type { Change, Store } from '#central/store/store.js'
import type { Authenticated, Identity } from './identity.js'
import { digestOf, isSecret, randomSecret } from './random-id.js'
import { rolesOf } from './roles.js'

/** A token that was just issued: the only time that it can be read. */
export interface IssuedToken {
  readonly token: string
  readonly auditId: string
}

/** Issues a token and removes those that have ended. */
export async function issueToken(
  tx: Change,
  {
    userId,
    projectId,
    nowMs,
    expiresMs,
  }: {
    readonly userId: string
    readonly projectId: string | undefined
    readonly nowMs: number
    readonly expiresMs: number
  },
): Promise<IssuedToken> {
  await tx.deleteFrom('tokens').where('expires_ms', '<=', nowMs).execute()
  const token = randomSecret()
  const auditId = randomBytes(16).toString('base64url')
  const row = {
    digest: digestOf(token),
    user_id: userId,
    project_id: projectId ?? null,
    issued_ms: nowMs,
    expires_ms: expiresMs,
    audit_id: auditId,
  }
  await tx.insertInto('tokens').values(row).execute()
  return { token, auditId }
}

/** Ends a token. @returns false when there was none */
export async function revokeToken(tx: Change, token: string): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom('tokens')
    .where('digest', '=', digestOf(token))
    .executeTakeFirst()
  return numDeletedRows > 0n
}

/** Tokens that we issued. A user or project that was disabled, and a role that was taken away, count at once. */
export function storedTokens({
  store,
  nowMs,
}: {
  readonly store: Store
  readonly nowMs: () => number
}): Identity {
  return {
    authenticate: async (token) =>
      isSecret(token) ? await find({ store, digest: digestOf(token), nowMs: nowMs() }) : undefined,
  }
}

async function find({
  store,
  digest,
  nowMs,
}: {
  readonly store: Store
  readonly digest: string
  readonly nowMs: number
}): Promise<Authenticated | undefined> {
  const row = await store.read
    .selectFrom('tokens')
    .innerJoin('users', 'users.id', 'tokens.user_id')
    .leftJoin('projects', 'projects.id', 'tokens.project_id')
    .select(['tokens.user_id', 'tokens.project_id', 'issued_ms', 'expires_ms', 'audit_id'])
    .select(['users.name as user_name', 'projects.name as project_name'])
    .select(['users.is_enabled as is_user_enabled', 'projects.is_enabled as is_project_enabled'])
    .where('digest', '=', digest)
    .executeTakeFirst()
  if (row === undefined || row.expires_ms <= nowMs || row.is_user_enabled !== 1) return undefined
  const found = {
    user: { id: row.user_id, name: row.user_name },
    issuedMs: row.issued_ms,
    expiresMs: row.expires_ms,
    auditId: row.audit_id,
  }
  if (row.project_id === null) return { ...found, project: undefined, roles: [] }
  if (row.is_project_enabled !== 1) return undefined
  const roles = await rolesOf(store.read, { userId: row.user_id, projectId: row.project_id })
  if (roles.length === 0) return undefined
  return { ...found, project: { id: row.project_id, name: row.project_name ?? '' }, roles }
}
