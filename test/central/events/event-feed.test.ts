import t from 'tap'
import { type EventFeed, openEventFeed } from '#central/events/event-feed.js'
import { recordEvent } from '#central/events/record-event.js'
import type { Store } from '#central/store/store.js'
import { onEachEngine } from '../../support/stores.js'

/** Records so many events of a project in one change. */
async function record(store: Store, projectId: string | null, count = 1): Promise<void> {
  await store.write(async (tx) => {
    for (let each = 0; each < count; each += 1) {
      await recordEvent(tx, { projectId, serverId: null, kind: 'k', body: {}, nowMs: 1 })
    }
  })
}

/** Projects of the first `count` events that somebody gets, in their order, and their numbers. */
async function got(
  feed: EventFeed,
  count: number,
  { projectId, after }: { readonly projectId?: string; readonly after?: number } = {},
) {
  const stop = new AbortController()
  const rows: { readonly id: number; readonly project: string | null }[] = []
  for await (const page of feed.follow({ projectId, after, signal: stop.signal })) {
    rows.push(...page.map(({ id, project_id }) => ({ id, project: project_id })))
    if (rows.length >= count) stop.abort()
  }
  return rows
}

t.test('a feed of events', (t) =>
  onEachEngine(t, async (t, open) => {
    t.test('hands out what comes, to each its own', async (t) => {
      const store = await open(t)
      const feed = openEventFeed({ store })
      t.teardown(() => feed.close())
      await record(store, 'old')
      const ofA = got(feed, 2, { projectId: 'a', after: 1 })
      const ofAll = got(feed, 4, { after: 1 })
      for (const project of ['a', 'b', null, 'a']) await record(store, project)
      feed.wake()
      t.match(await ofA, [{ project: 'a' }, { project: 'a' }])
      t.match(
        (await ofAll).map(({ project }) => project),
        ['a', 'b', null, 'a'],
      )
      t.equal(feed.count(), 0)
    })

    t.test('goes on after the last one that is known, however far back that is', async (t) => {
      const store = await open(t)
      const feed = openEventFeed({ store })
      t.teardown(() => feed.close())
      await record(store, 'a', 1700)
      await record(store, 'b', 30)
      const rows = await got(feed, 1720, { after: 10 })
      t.same(
        rows.map(({ id }) => id),
        Array.from({ length: 1720 }, (_, index) => index + 11),
      )
      t.equal((await got(feed, 30, { projectId: 'b', after: 0 })).length, 30)
    })

    t.test('tells what another program committed', async (t) => {
      const store = await open(t)
      const feed = openEventFeed({ store })
      t.teardown(() => feed.close())
      const following = got(feed, 1, { after: 0 })
      await record(store, 'a')
      t.match(await following, [{ project: 'a' }])
    })

    t.test('misses none and repeats none under load', async (t) => {
      const store = await open(t)
      const feed = openEventFeed({ store })
      t.teardown(() => feed.close())
      const count = 400
      const followers = [got(feed, count, { after: 0 }), got(feed, count, { after: 0 })]
      const writers = Array.from({ length: 40 }, async () => {
        await record(store, 'a', 10)
        feed.wake()
      })
      await Promise.all(writers)
      for (const rows of await Promise.all(followers)) {
        const ids = rows.map(({ id }) => id)
        t.same(
          ids,
          [...new Set(ids)].sort((a, b) => a - b),
        )
        t.equal(ids.length, count)
      }
    })

    t.test('ends for everybody when it is closed', async (t) => {
      const store = await open(t)
      const feed = openEventFeed({ store })
      const following = got(feed, 1)
      while (feed.count() < 1) await new Promise((resolve) => setImmediate(resolve))
      await feed.close()
      t.same(await following, [])
    })
  }),
)
