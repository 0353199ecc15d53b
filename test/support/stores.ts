import path from 'node:path'
import type { Test } from 'tap'
import { openStore, type Store } from '#central/store/store.js'
import { ownFolder } from './own-folder.js'
import { postgresUnavailable, startPostgres } from './postgres.js'

/**
 * Runs a test on both engines: `body` gets a function that opens a new empty store, closed with the test that asked for it.
 */
export async function onEachEngine(
  t: Test,
  body: (t: Test, open: (t: Test) => Promise<Store>) => Promise<void>,
): Promise<void> {
  await t.test('SQLite', (t) => body(t, openSqliteStore))
  await t.test('PostgreSQL', { skip: postgresUnavailable() ?? false }, async (t) => {
    const postgres = await startPostgres()
    t.teardown(() => postgres.close())
    let count = 0
    await body(t, async (t) => {
      count += 1
      const store = await openStore({ url: postgres.url(`test_${count}`) })
      t.teardown(() => store.close())
      return store
    })
  })
}

/** A new empty store in a file, closed with the test. */
export async function openSqliteStore(t: Test): Promise<Store> {
  const store = await openStore({ url: `sqlite:${path.join(ownFolder(t), 'central.db')}` })
  t.teardown(() => store.close())
  return store
}
