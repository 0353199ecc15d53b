import type { Kysely, Selectable } from 'kysely'
import type { Caller } from '#central/api/context.js'
import type { Database } from '#central/store/schema.js'
import type { FlavorTable, ImageTable } from '#central/store/tables/offer.js'

/** A row of `flavors`. */
export type FlavorRow = Selectable<FlavorTable>

/** A row of `images`. */
export type ImageRow = Selectable<ImageTable>

/** A flavor, or undefined. */
export async function findFlavor(
  db: Kysely<Database>,
  id: string,
  { isDeletedToo = false } = {},
): Promise<FlavorRow | undefined> {
  const query = db.selectFrom('flavors').selectAll().where('id', '=', id)
  return await (isDeletedToo ? query : query.where('deleted_ms', 'is', null)).executeTakeFirst()
}

/** Images that a caller may use: public ones, the project's, and all for admins. */
export function visibleImages(
  db: Kysely<Database>,
  { projectId, isAdmin }: Pick<Caller, 'projectId' | 'isAdmin'>,
) {
  const query = db.selectFrom('images').selectAll().where('deleted_ms', 'is', null)
  return isAdmin
    ? query
    : query.where((where) =>
        where.or([where('is_public', '=', 1), where('project_id', '=', projectId)]),
      )
}
