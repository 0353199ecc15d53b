import t from 'tap'
import type { Store } from '#central/store/store.js'
import { onEachEngine } from '../../support/stores.js'
import { guestBody, opBody } from '../state/messages.js'
import { addBackend, addIntent, addServers, eventsOf, incoming, serverOf, take } from './rows.js'

const started = opBody('CREATE', 'success', { at: 1, result: ['n1.example'] })

t.test('a batch of messages', (t) =>
  onEachEngine(t, async (t, open) => {
    /** A store with cluster c1 and servers 42 and 43. */
    async function opened(t: Parameters<typeof open>[0]): Promise<Store> {
      const store = await open(t)
      await addBackend(store)
      await addServers(store, [42, 43])
      return store
    }

    t.test('changes rows and tells of it, once', async (t) => {
      const store = await opened(t)
      const message = incoming(started)
      t.match(await take(store, [message, message]), { applied: 1, dead: 0 })
      t.match(await take(store, [message]), { applied: 0, repeated: 1 })
      t.match(await serverOf(store, 42), {
        power: 'STARTED',
        node: 'n1.example',
        progress: 100,
        op_job_id: 1,
      })
      t.match(await serverOf(store, 43), { power: 'BUILD', op_code: null })
      t.match(await eventsOf(store), [
        { kind: 'server.update', project: 'p', id: '42', status: 'ACTIVE', power_state: 1 },
      ])
    })

    t.test('of several changes of a server tells the last', async (t) => {
      const store = await opened(t)
      await take(store, [
        incoming(opBody('SHUTDOWN', 'success', { at: 9, job: 2 })),
        incoming(started),
      ])
      t.match(await eventsOf(store), [{ id: '42', status: 'SHUTOFF' }])
    })

    t.test('passes over what is about nothing of ours', async (t) => {
      const store = await opened(t)
      const taken = await take(store, [
        incoming(opBody('STARTUP', 'success', { at: 1, instance: 'foo' })),
        incoming(opBody('STARTUP', 'success', { at: 1, instance: 'snf-x1' })),
        incoming(opBody('STARTUP', 'success', { at: 1, cluster: 'c2' })),
        incoming({ type: 'eventd-heartbeat', cluster: 'c1' }),
      ])
      t.match(taken, { applied: 0, foreign: 3, other: 1, dead: 0 })
      t.match(await serverOf(store, 42), { power: 'BUILD' })
    })

    t.test('believes of a cluster with a user of the broker only that user', async (t) => {
      const store = await open(t)
      await addBackend(store, { brokerUser: 'c1-agents' })
      await addServers(store, [42])
      const refused = [
        incoming(started),
        incoming(started, { userId: 'c2-agents' }),
        // Synnefo's installs name no cluster: the server's own counts.
        incoming({
          type: 'image-copy-progress',
          instance: 'snf-42',
          progress: 7,
          event_time: [1, 0],
        }),
      ]
      t.match(await take(store, refused), { applied: 0, refused: 3 })
      t.match(await serverOf(store, 42), { power: 'BUILD', progress: 0 })
      // the id was not used up by the one who may not
      const [, stolen] = refused
      const own = incoming(started, { messageId: stolen?.messageId ?? '', userId: 'c1-agents' })
      t.match(await take(store, [own]), { applied: 1 })
    })

    t.test('puts aside what cannot be read, whole, and takes the rest', async (t) => {
      const store = await opened(t)
      const taken = await take(store, [
        incoming('not JSON \0'),
        incoming('[]'),
        incoming({ ...started, status: 'cancelled' }),
        incoming(started, { headers: { schema: 2 } }),
        incoming(started),
      ])
      t.match(taken, { applied: 1, dead: 4 })
      const letters = await store.read
        .selectFrom('dead_letters')
        .selectAll()
        .orderBy('id')
        .execute()
      t.match(letters, [
        { reason: 'the body is not JSON', body: /^not JSON/, attempts: 1 },
        { reason: 'the body is no object' },
        { reason: /^status is none of/ },
        { reason: /newer than this centre/, headers: '{"schema":2}' },
      ])
    })

    t.test('bears what no database keeps', async (t) => {
      const store = await opened(t)
      const text = `caf\udce9 \0 ${'x'.repeat(10)}`
      await take(store, [
        incoming(opBody('CREATE', 'error', { at: 1, result: ['OpExecError', [text]] })),
        incoming({
          ...{ type: 'image-error', instance: 'snf-42', event_time: [1, 0] },
          ...{ messages: [text], stderr: text },
        }),
      ])
      t.match(await serverOf(store, 42), { fault_message: /^caf\ufffd \ufffd x+$/ })
    })

    t.test('ends what was asked for, with the state that came of it', async (t) => {
      const store = await opened(t)
      await take(store, [incoming(started)])
      const intentId = await addIntent(store, { serverId: 42, jobId: 5 })
      await take(store, [incoming(opBody('STARTUP', 'success', { at: 5, job: 5, op_index: 0 }))])
      t.match(await serverOf(store, 42), { power: 'STARTED', task: null, task_intent_id: null })
      const intent = await store.read
        .selectFrom('intents')
        .select(['status'])
        .where('id', '=', intentId)
        .executeTakeFirst()
      t.same(intent, { status: 'done' })
      t.match((await eventsOf(store)).at(-1), { id: '42', status: 'ACTIVE', task_state: null })
    })

    t.test('ends what an older job was asked for, though a newer one is known', async (t) => {
      const store = await opened(t)
      await take(store, [incoming(opBody('STARTUP', 'success', { at: 9, job: 9 }))])
      await addIntent(store, { serverId: 42, jobId: 5 })
      const result = ['OpExecError', ['out of memory']]
      await take(store, [incoming(opBody('SET_PARAMS', 'error', { at: 5, job: 5, result }))])
      t.match(await serverOf(store, 42), { power: 'STARTED', op_job_id: 9, task: null })
    })

    t.test('ends a job of which only the job is told', async (t) => {
      const store = await opened(t)
      await addIntent(store, { serverId: 43, jobId: 6 })
      const job = { type: 'ganeti-job-status', cluster: 'c1', jobId: 6, status: 'canceled' }
      await take(store, [incoming(job)])
      t.match(await serverOf(store, 43), { task: null })
      t.match(await eventsOf(store), [{ id: '43', status: 'BUILD' }])
    })

    t.test('deletes what was removed, for good', async (t) => {
      const store = await opened(t)
      await take(store, [
        incoming(started),
        incoming(opBody('REMOVE', 'success', { at: 9, job: 2 })),
      ])
      t.match(await serverOf(store, 42), { power: 'DESTROYED', deleted_ms: 1_796_000_000_000 })
      await take(store, [incoming(opBody('STARTUP', 'success', { at: 20, job: 3 }))])
      t.match(await serverOf(store, 42), { power: 'DESTROYED', deleted_ms: 1_796_000_000_000 })
      t.match(
        (await eventsOf(store)).map(({ kind }) => kind),
        ['server.delete'],
      )
    })

    t.test('gives a server the flavor that its new size has', async (t) => {
      const store = await opened(t)
      const flavor = {
        name: 'f',
        disk_gib: 10,
        disk_template: '',
        is_public: 1,
        deleted_ms: null,
      } as const
      await store.write((tx) =>
        tx
          .insertInto('flavors')
          .values([
            { ...flavor, id: '1', vcpus: 1, ram_mib: 1024 },
            { ...flavor, id: '2', vcpus: 2, ram_mib: 2048 },
          ])
          .execute(),
      )
      const resized = (at: number, beparams: object) =>
        incoming(opBody('SET_PARAMS', 'success', { at, job: at, job_fields: { beparams } }))
      await take(store, [resized(5, { vcpus: 2, maxmem: 2048 })])
      t.match(await serverOf(store, 42), { flavor_id: '2', vcpus: 2, ram_mib: 2048 })
      await take(store, [resized(6, { vcpus: 3 })])
      t.match(await serverOf(store, 42), { flavor_id: '2', vcpus: 3 })
    })

    t.test('keeps what an install says, and sees a guest switch itself off', async (t) => {
      const store = await opened(t)
      await take(store, [
        incoming(started),
        incoming({
          ...{ type: 'image-helper', subtype: 'task-start', task: 'FixPartitionTable' },
          ...{ instance: 'snf-42', event_time: [1_700_000_000, 5] },
        }),
        incoming(guestBody('exited', { at: 3, node: 'n1.example', reason: 'by-itself' })),
      ])
      t.match(await serverOf(store, 42), { power: 'STOPPED' })
      t.match(await store.read.selectFrom('diagnostics').selectAll().execute(), [
        {
          server_id: 42,
          level: 'DEBUG',
          source: 'image-helper-task-start',
          message: 'FixPartitionTable',
          source_us: 1_700_000_000_000_005,
        },
      ])
    })

    t.test('has clusters looked at whose parameters have changed', async (t) => {
      const store = await opened(t)
      const changed = { type: 'ganeti-cluster-status', cluster: 'c1', jobId: 7 }
      const { changedClusters } = await take(store, [
        incoming({ ...changed, status: 'running' }),
        incoming({ ...changed, status: 'success' }),
      ])
      t.same(changedClusters, [1])
    })
  }),
)
