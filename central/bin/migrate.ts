import { sql } from 'kysely'
import type { CentralOptions } from './command-options.js'
import { printDone } from './print.js'
import { withRoom } from './room.js'

/** `okeanid-central migrate`: opening the store is all that it takes. */
export async function migrateStore(options: CentralOptions): Promise<void> {
  await withRoom(options, async ({ store }) => {
    const steps = sql<{ readonly name: string }>`select name from kysely_migration order by name`
    const { rows } = await steps.execute(store.read)
    const version = rows.at(-1)?.name
    printDone(`the store is of version ${version}`, { version }, options)
  })
}
