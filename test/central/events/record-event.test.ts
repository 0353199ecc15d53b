import t from 'tap'
import { recordEvent } from '#central/events/record-event.js'
import type { Store } from '#central/store/store.js'
import { onEachEngine } from '../../support/stores.js'

const event = { projectId: 'p', serverId: 42, kind: 'server.update', body: { id: '42' }, nowMs: 7 }

t.test('an event', (t) =>
  onEachEngine(t, async (t, open) => {
    t.test('is there with the change that it tells of, and not without', async (t) => {
      const store = await open(t)
      await store.write((tx) => recordEvent(tx, event))
      const failing = store.write(async (tx) => {
        await recordEvent(tx, { ...event, kind: 'server.create' })
        throw new Error('no')
      })
      await t.rejects(failing)
      t.match(await events(store), [
        {
          project_id: 'p',
          server_id: 42,
          kind: 'server.update',
          body: '{"id":"42"}',
          created_ms: 7,
        },
      ])
    })

    t.test('is never seen before one of a lower number', async (t) => {
      const store = await open(t)
      const seen: number[] = []
      let isDone = false
      const follow = async (): Promise<void> => {
        while (!isDone) {
          const rows = await events(store, seen.at(-1))
          seen.push(...rows.map(({ id }) => id))
          await new Promise((resolve) => setImmediate(resolve))
        }
        seen.push(...(await events(store, seen.at(-1))).map(({ id }) => id))
      }
      const write = (count: number) =>
        store.write(async (tx) => {
          for (let each = 0; each < count; each += 1) await recordEvent(tx, event)
        })
      const following = follow()
      await Promise.all(Array.from({ length: 60 }, (_, index) => write(index % 7)))
      isDone = true
      await following
      const all = await events(store)
      t.equal(all.length, 8 * 21 + 0 + 1 + 2 + 3)
      t.same(
        seen,
        all.map(({ id }) => id),
      )
    })
  }),
)

function events(store: Store, after = 0) {
  return store.read.selectFrom('events').selectAll().where('id', '>', after).orderBy('id').execute()
}
