import type { CentralOptions } from './command-options.js'
import { printDone } from './print.js'
import { withRoom } from './room.js'

/** `okeanid-central migrate`: opening the store is all that it takes. */
export async function migrateStore(options: CentralOptions): Promise<void> {
  await withRoom(options, async ({ store }) => {
    const steps = await store.read
      .selectFrom('kysely_migration' as 'tokens')
      .select('name' as 'digest')
      .execute()
    const names = steps.map((row) => (row as unknown as { readonly name: string }).name)
    printDone(
      `the store is of this version: ${names.join(', ')}`,
      { version: names.at(-1) },
      options,
    )
  })
}
