import t from 'tap'
import { recordEvent } from '#central/events/record-event.js'
import { forgetOld } from '#central/update/forget.js'
import { onEachEngine } from '../../support/stores.js'

t.test('events and ids of messages', (t) =>
  onEachEngine(t, async (t, open) => {
    t.test('are forgotten when they are old, and not before', async (t) => {
      const store = await open(t)
      const event = { projectId: null, serverId: null, kind: 'k', body: {} }
      await store.write(async (tx) => {
        for (let nowMs = 0; nowMs < 4500; nowMs += 1) await recordEvent(tx, { ...event, nowMs })
        const ids = [1, 2, 3].map((ms) => ({ message_id: `m${ms}`, seen_ms: ms }))
        await tx.insertInto('seen_messages').values(ids).execute()
      })
      t.equal(await forgetOld(store, { beforeMs: { events: 4400, seen_messages: 3 } }), 4402)
      const left = await store.read
        .selectFrom('events')
        .select('created_ms')
        .orderBy('id')
        .execute()
      t.equal(left.length, 100)
      t.match(left[0], { created_ms: 4400 })
      t.match(await store.read.selectFrom('seen_messages').selectAll().execute(), [
        { message_id: 'm3' },
      ])
    })
  }),
)
