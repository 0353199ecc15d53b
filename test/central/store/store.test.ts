import type { Kysely } from 'kysely'
import t from 'tap'
import { migrate } from '#central/store/migrations.js'
import type { Store } from '#central/store/store.js'
import { onEachEngine } from '../../support/stores.js'

const project = {
  name: 'p',
  description: '',
  is_enabled: 1,
  created_ms: 1_796_000_000_000,
} as const

t.test('the store', (t) =>
  onEachEngine(t, async (t, open) => {
    t.test('is of the newest version when it was opened', async (t) => {
      const store = await open(t)
      const db = store.read as unknown as Kysely<unknown>
      t.same(store.engine === 'sqlite' ? [] : await migrate(db, store.engine), [])
      t.same(await store.read.selectFrom('servers').selectAll().execute(), [])
    })

    t.test('numbers beyond 2^31 and flags come back as they went in', async (t) => {
      const store = await open(t)
      await store.write((tx) =>
        tx
          .insertInto('projects')
          .values({ id: 'a', ...project })
          .execute(),
      )
      t.same(await projects(store), [{ id: 'a', ...project }])
    })

    t.test('a change that fails leaves nothing', async (t) => {
      const store = await open(t)
      const failing = store.write(async (tx) => {
        await tx
          .insertInto('projects')
          .values({ id: 'a', ...project })
          .execute()
        throw new Error('no')
      })
      await t.rejects(failing, { message: 'no' })
      t.same(await projects(store), [])
    })

    t.test('changes side by side all happen', async (t) => {
      const store = await open(t)
      const ids = Array.from({ length: 20 }, (_, index) => `p${index}`)
      const change = (id: string) =>
        store.write((tx) =>
          tx
            .insertInto('projects')
            .values({ ...project, id, name: id })
            .execute(),
        )
      await Promise.all(ids.map(change))
      t.equal((await projects(store)).length, 20)
    })
  }),
)

function projects(store: Store) {
  return store.read.selectFrom('projects').selectAll().orderBy('id').execute()
}
