import type { Change } from '#central/store/store.js'
import type { RoleAssignmentTable } from '#central/store/tables/identity.js'
import { randomId } from './random-id.js'

/** A role that somebody has in a project. */
export type Role = RoleAssignmentTable['role']

/** Makes a tenant. @returns its id */
export async function createProject(
  tx: Change,
  {
    name,
    description = '',
    nowMs,
  }: { readonly name: string; readonly description?: string; readonly nowMs: number },
): Promise<string> {
  const id = randomId()
  const row = { id, name, description, is_enabled: 1, created_ms: nowMs } as const
  await tx.insertInto('projects').values(row).execute()
  return id
}

/** Makes somebody who may log in. @returns the id */
export async function createUser(
  tx: Change,
  {
    name,
    passwordHash,
    defaultProjectId,
    nowMs,
  }: {
    readonly name: string
    /** Of `hashPassword`: made before the transaction, which it would hold up. */
    readonly passwordHash: string
    readonly defaultProjectId?: string
    readonly nowMs: number
  },
): Promise<string> {
  const id = randomId()
  const row = {
    id,
    name,
    password_hash: passwordHash,
    default_project_id: defaultProjectId ?? null,
    is_enabled: 1,
    created_ms: nowMs,
  } as const
  await tx.insertInto('users').values(row).execute()
  return id
}

/** Gives a user a role in a project; nothing new when there already. */
export async function assignRole(
  tx: Change,
  {
    userId,
    projectId,
    role,
  }: { readonly userId: string; readonly projectId: string; readonly role: Role },
): Promise<void> {
  await tx
    .insertInto('role_assignments')
    .values({ user_id: userId, project_id: projectId, role })
    .onConflict((conflict) => conflict.columns(['user_id', 'project_id', 'role']).doNothing())
    .execute()
}

/** Changes a password; every token of the user ends. @returns false when there is no such user */
export async function setPassword(
  tx: Change,
  { userId, passwordHash }: { readonly userId: string; readonly passwordHash: string },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('users')
    .set({ password_hash: passwordHash })
    .where('id', '=', userId)
    .executeTakeFirst()
  await tx.deleteFrom('tokens').where('user_id', '=', userId).execute()
  return numUpdatedRows > 0n
}

/** Lets a user in or keeps them out: then every token ends. @returns false when there is no such user */
export async function enableUser(
  tx: Change,
  { userId, isEnabled }: { readonly userId: string; readonly isEnabled: boolean },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('users')
    .set({ is_enabled: isEnabled ? 1 : 0 })
    .where('id', '=', userId)
    .executeTakeFirst()
  if (!isEnabled) await tx.deleteFrom('tokens').where('user_id', '=', userId).execute()
  return numUpdatedRows > 0n
}
