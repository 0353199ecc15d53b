import t from 'tap'
import {
  findDeadLetter,
  listDeadLetters,
  purgeDeadLetters,
  replayDeadLetters,
} from '#central/update/replay-dead-letters.js'
import { onEachEngine } from '../../support/stores.js'
import { opBody } from '../state/messages.js'
import { addBackend, addServers, depsOn, incoming, serverOf, take } from './rows.js'

const started = opBody('CREATE', 'success', { at: 1 })

/** Reasons by number, after a replay of all. */
async function replayed(deps: ReturnType<typeof depsOn>, choice: readonly number[] | 'all') {
  const results = []
  for await (const one of replayDeadLetters(deps, choice)) results.push(one)
  return results
}

t.test('dead letters', (t) =>
  onEachEngine(t, async (t, open) => {
    t.test('are taken when they can be, and stay with a count when they cannot', async (t) => {
      const store = await open(t)
      const deps = depsOn(store)
      await addBackend(store)
      await addServers(store, [42])
      await take(store, [incoming('nothing'), incoming(started, { headers: { schema: 9 } })])
      const [first, second] = await listDeadLetters(deps)
      if (first === undefined || second === undefined) throw new Error('there are none')
      // as after an upgrade that knows the version
      await store.write((tx) =>
        tx.updateTable('dead_letters').set({ headers: '{}' }).where('id', '=', second.id).execute(),
      )
      t.same(await replayed(deps, 'all'), [
        { id: first.id, reason: 'the body is not JSON' },
        { id: second.id, reason: undefined },
      ])
      t.match(await serverOf(store, 42), { power: 'STARTED' })
      t.match(await listDeadLetters(deps), [{ id: first.id, attempts: 2 }])
      t.equal(await findDeadLetter(deps, second.id), undefined)
    })

    t.test('that are old change nothing that newer messages have told', async (t) => {
      const store = await open(t)
      const deps = depsOn(store)
      await addBackend(store)
      await addServers(store, [42])
      await take(store, [incoming(started, { headers: { schema: 9 } })])
      await take(store, [incoming(opBody('SHUTDOWN', 'success', { at: 9, job: 2 }))])
      await store.write((tx) => tx.updateTable('dead_letters').set({ headers: '{}' }).execute())
      t.match(await replayed(deps, 'all'), [{ reason: undefined }])
      t.match(await serverOf(store, 42), { power: 'STOPPED', progress: 100 })
    })

    t.test('are forgotten when somebody says so', async (t) => {
      const store = await open(t)
      const deps = depsOn(store)
      await take(store, [incoming('a'), incoming('b'), incoming('c')])
      const [first] = await listDeadLetters(deps)
      t.equal(await purgeDeadLetters(deps, []), 0)
      t.equal(await purgeDeadLetters(deps, [first?.id ?? 0]), 1)
      t.match(
        (await listDeadLetters(deps)).map(({ body }) => body),
        ['b', 'c'],
      )
      t.equal(await purgeDeadLetters(deps, 'all'), 2)
    })
  }),
)
