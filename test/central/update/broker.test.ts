import t, { type Test } from 'tap'
import { openEventFeed } from '#central/events/event-feed.js'
import type { Store } from '#central/store/store.js'
import { openStore } from '#central/store/store.js'
import { runUpdates, type UpdateOptions } from '#central/update/run-updates.js'
import { createMetrics } from '#service/metrics.js'
import { message, never, settingsFor, watched } from '../../broker/helpers.js'
import { labUnavailable } from '../../lab/command.js'
import { postgresUnavailable, startPostgres } from '../../support/postgres.js'
import { startRabbitmq } from '../../support/rabbitmq.js'
import { until } from '../../support/until.js'
import { opBody } from '../state/messages.js'
import { addBackend, addServers, depsOn, eventsOf, serverOf } from './rows.js'

/** Servers that each test has. */
const serverCount = 60

const ids = Array.from({ length: serverCount }, (_, index) => index + 1)

t.test('the centre and a real RabbitMQ', { skip: labUnavailable() ?? false }, async (t) => {
  const rabbitmq = await startRabbitmq()
  t.teardown(() => rabbitmq.close())
  const settings = settingsFor(rabbitmq.url)

  /** A store with servers 1 to 60. */
  async function prepared(t: Test, url = 'sqlite::memory:'): Promise<Store> {
    const store = await openStore({ url })
    t.teardown(() => store.close())
    await addBackend(store)
    await addServers(store, ids)
    return store
  }

  /** Takes messages into a store until the test ends, or `end` is called. */
  async function taking(t: Test, store: Store, more: Partial<UpdateOptions> = {}) {
    const stop = new AbortController()
    const feed = openEventFeed({ store })
    const metrics = createMetrics()
    let isReady = false
    let isClosed = false
    const done = runUpdates({
      ...depsOn(store),
      ...{ settings, metrics, signal: stop.signal, events: feed },
      log: () => undefined,
      wakeEffects: () => undefined,
      wakeEvents: feed.wake,
      onReady() {
        isReady = true
      },
      onState({ kind }) {
        isClosed = kind === 'closed'
      },
      ...more,
    } as UpdateOptions)
    const end = async () => {
      stop.abort()
      await done
      await feed.close()
    }
    t.teardown(end)
    await until('the queue to be bound', () => isReady || undefined)
    return { end, stop, metrics, isClosed: () => isClosed }
  }

  /** Sends the end of a create of each server, and a message that cannot be read among them. */
  async function send(t: Test, operation: string, at: number): Promise<void> {
    const { publisher } = watched(t, { settings })
    for (const id of ids) {
      const body = opBody(operation, 'success', { at, job: at * 1000 + id, instance: `snf-${id}` })
      const text = id === 7 ? '{' : JSON.stringify(body)
      await publisher.send(message(at * 1000 + id, { body: text }), never)
    }
  }

  /** Waits until so many servers are so. */
  async function are(store: Store, power: 'STARTED' | 'STOPPED', count: number): Promise<void> {
    await until(`${count} to be ${power}`, async () => {
      const rows = await store.read
        .selectFrom('servers')
        .select('id')
        .where('power', '=', power)
        .execute()
        .catch(() => [])
      return rows.length === count ? true : undefined
    })
  }

  /** What waits in the queue, and its type. */
  async function queue(): Promise<string> {
    const listed = await rabbitmq.ctl(['list_queues', 'name', 'type', 'messages'])
    return listed.split('\n').find((line) => line.startsWith('okeanid-central-snf')) ?? ''
  }

  /** Waits until nothing of a test is left for the next one. */
  async function emptied(): Promise<void> {
    await until('all to be acknowledged', async () =>
      /^okeanid-central-snf\tquorum\t0$/.test(await queue()) ? true : undefined,
    )
  }

  t.test('messages go to rows and out of a quorum queue', async (t) => {
    const store = await prepared(t)
    await taking(t, store)
    await send(t, 'CREATE', 1)
    await are(store, 'STARTED', serverCount - 1)
    const dead = await store.read.selectFrom('dead_letters').selectAll().execute()
    t.match(dead, [{ body: '{', reason: 'the body is not JSON' }])
    await emptied()
  })

  t.test('what comes while nobody takes it waits', async (t) => {
    const store = await prepared(t)
    const first = await taking(t, store)
    await first.end()
    await send(t, 'CREATE', 2)
    t.match(await serverOf(store, 1), { power: 'BUILD' })
    await taking(t, store)
    await are(store, 'STARTED', serverCount - 1)
    await emptied()
  })

  t.test(
    'a message that was committed and not acknowledged comes again and changes nothing',
    async (t) => {
      const store = await prepared(t)
      let isCut = false
      const first = await taking(t, store, {
        store: {
          ...store,
          // as killed between the commit and the acknowledgement
          async write(change) {
            const result = await store.write(change)
            isCut = true
            first.stop.abort()
            await until('the connection to end', () => first.isClosed() || undefined)
            return result
          },
        },
      })
      const { publisher } = watched(t, { settings })
      const said = {
        ...{ type: 'image-info', cluster: 'c1', instance: 'snf-3', messages: ['copied'] },
        event_time: [1_700_000_000, 0],
      }
      await publisher.send(message(90_001, { body: JSON.stringify(said) }), never)
      const body = JSON.stringify(opBody('CREATE', 'success', { at: 3, instance: 'snf-3' }))
      await publisher.send(message(90_002, { body }), never)
      await until('a commit', () => isCut || undefined)
      await first.end()
      const { metrics } = await taking(t, store)
      await are(store, 'STARTED', 1)
      await until('it to come again', () =>
        /central_messages_total\{fate="repeated"\} [1-9]/.test(metrics.format()) ? true : undefined,
      )
      await until('all to be acknowledged', async () =>
        (await queue()).endsWith('\t0') ? true : undefined,
      )
      t.equal((await store.read.selectFrom('diagnostics').selectAll().execute()).length, 1)
      t.match(await eventsOf(store), [{ id: '3', status: 'ACTIVE' }])
      t.equal((await eventsOf(store)).length, 1)
    },
  )

  t.test('a broker that is killed and comes back loses nothing', async (t) => {
    const store = await prepared(t)
    await taking(t, store)
    await send(t, 'CREATE', 4)
    await rabbitmq.kill()
    await rabbitmq.start()
    await send(t, 'SHUTDOWN', 5)
    await are(store, 'STOPPED', serverCount - 1)
    await emptied()
  })

  const skip = postgresUnavailable() ?? false
  t.test('a PostgreSQL that is killed and comes back loses nothing', { skip }, async (t) => {
    const postgres = await startPostgres()
    t.teardown(() => postgres.close())
    const store = await prepared(t, postgres.url('central'))
    const { metrics } = await taking(t, store)
    await send(t, 'CREATE', 6)
    await are(store, 'STARTED', serverCount - 1)
    await postgres.kill()
    await send(t, 'SHUTDOWN', 7)
    await until('it to be waited for', () =>
      /central_batch_retries_total [1-9]/.test(metrics.format()) ? true : undefined,
    )
    await postgres.start()
    await are(store, 'STOPPED', serverCount - 1)
    const dead = await store.read.selectFrom('dead_letters').selectAll().execute()
    t.equal(dead.length, 2, 'only the two that cannot be read')
  })
})
