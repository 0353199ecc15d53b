import { type Kysely, type Migration, Migrator } from 'kysely'
import type { Engine } from './columns.js'
import { up as first } from './migrations/0001-first.js'

/** Each version's step, in order; a step that was released is never changed. */
const steps: Readonly<Record<string, (db: Kysely<unknown>, engine: Engine) => Promise<void>>> = {
  '0001-first': first,
}

/**
 * Brings a store to this version, in one transaction; what is there already is left alone.
 * @returns names of the steps that were taken
 * @throws what the engine says when a step fails: nothing of it was done then
 */
export async function migrate(db: Kysely<unknown>, engine: Engine): Promise<readonly string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations(engine) } })
  const { error, results = [] } = await migrator.migrateToLatest()
  if (error !== undefined) throw error
  return results.map(({ migrationName }) => migrationName)
}

function migrations(engine: Engine): Record<string, Migration> {
  return Object.fromEntries(
    Object.entries(steps).map(([name, up]) => [
      name,
      { up: (db: Kysely<unknown>) => up(db, engine) },
    ]),
  )
}
