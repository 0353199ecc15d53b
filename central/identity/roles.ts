import type { Kysely } from 'kysely'
import type { Database } from '#central/store/schema.js'
import type { Named } from './identity.js'
import type { Role } from './users.js'

/** Roles that a user has in a project. */
export async function rolesOf(
  db: Kysely<Database>,
  { userId, projectId }: { readonly userId: string; readonly projectId: string },
): Promise<readonly Role[]> {
  const rows = await db
    .selectFrom('role_assignments')
    .select('role')
    .where('user_id', '=', userId)
    .where('project_id', '=', projectId)
    .orderBy('role')
    .execute()
  return rows.map(({ role }) => role)
}

/** Projects in which a user has a role, by name. */
export function projectsOf(
  db: Kysely<Database>,
  userId: string,
): Promise<(Named & { description: string })[]> {
  return db
    .selectFrom('projects')
    .select(['id', 'name', 'description'])
    .where('is_enabled', '=', 1)
    .where(
      'id',
      'in',
      db.selectFrom('role_assignments').select('project_id').where('user_id', '=', userId),
    )
    .orderBy('name')
    .execute()
}
