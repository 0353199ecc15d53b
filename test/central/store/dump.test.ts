import t from 'tap'
import { dumpStore, loadDump } from '#central/store/dump.js'
import type { Store } from '#central/store/store.js'
import { onEachEngine, openSqliteStore } from '../../support/stores.js'
import { addServer } from '../effect/world.js'

t.test('a backup', (t) =>
  onEachEngine(t, async (t, open) => {
    t.test('comes back as it was, on this engine and from this engine on the other', async (t) => {
      const store = await open(t)
      for (const name of ['snf-1', 'snf-2', 'snf-3']) await addServer(store, name)
      await store.write((tx) => tx.deleteFrom('servers').where('id', '=', 3).execute())
      const lines = await dumped(store)
      for (const empty of [await open(t), await openSqliteStore(t)]) {
        t.equal(await loadDump(empty, each(lines)), 2)
        t.same(await dumped(empty), lines)
        t.ok((await addServer(empty, 'snf-next')) >= 3, 'numbers go on')
      }
    })

    t.test('is restored whole or not at all, and only into an empty store', async (t) => {
      const store = await open(t)
      await addServer(store, 'snf-1')
      const lines = await dumped(store)
      const full = loadDump(store, each(lines))
      await t.rejects(full, { code: 'USAGE', message: /not empty/ })
      const empty = await open(t)
      const broken = loadDump(empty, each([...lines, '{"table": "nobody", "row": {}}']))
      await t.rejects(broken, { code: 'USAGE', message: /no table nobody/ })
      t.same(await empty.read.selectFrom('servers').selectAll().execute(), [])
      for (const text of ['', 'x', '{}', '{"okeanid": "central backup", "version": 9}']) {
        await t.rejects(loadDump(empty, each([text])), { code: 'USAGE' })
      }
    })
  }),
)

async function dumped(store: Store): Promise<readonly string[]> {
  const lines: string[] = []
  await dumpStore(store, (line) => void lines.push(line))
  return lines
}

async function* each(lines: readonly string[]): AsyncIterable<string> {
  yield* lines
}
