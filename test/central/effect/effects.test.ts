import t from 'tap'
import { settleIntents } from '#central/effect/settle-intents.js'
import { deleteInstance, reinstall } from '#central/intent/requests.js'
import { onEachEngine } from '../../support/stores.js'
import { until } from '../../support/until.js'
import { createRequest, intentRow, openWorld, serverRow, startRequest } from './world.js'

t.test('the effect path', (t) =>
  onEachEngine(t, async (t, open) => {
    t.test('an intent becomes a job that bears its number, and ends with it', async (t) => {
      const world = await openWorld(t, await open(t))
      const serverId = await world.addServer('snf-1')
      const request = createRequest('snf-1')
      const id = await world.open({ kind: 'create-server', serverId, request })
      await world.store.write((tx) =>
        tx.updateTable('servers').set({ task_intent_id: id }).where('id', '=', serverId).execute(),
      )
      world.run()
      t.match(await world.ended(id), { status: 'done', reason: null, request: '' })
      t.same([...world.ganeti.cluster.instances.keys()], ['snf-1'])
      const [job] = world.ganeti.cluster.jobs.values()
      t.match(job?.reason, new RegExp(`^okeanid:intent:${id}:`))
      t.match(await serverRow(world.store, serverId), { task: null, task_intent_id: null })
      const op = { operation: 'OP_INSTANCE_CREATE', status: 'success', instance: 'snf-1' }
      t.match(world.told, [op, { type: 'ganeti-job-status' }], 'and is told as by an agent')
    })

    t.test('what messages tell ends it before anybody asks', async (t) => {
      const world = await openWorld(t, await open(t), { options: { followMs: 1_000_000 } })
      const id = await world.open({ kind: 'start', request: startRequest('snf-1') })
      world.run()
      const jobId = await until('its job', async () => {
        const { status, job_id: job } = await intentRow(world.store, id)
        return status === 'submitted' ? (job ?? undefined) : undefined
      })
      const reason = "Instance 'snf-1' not known"
      const jobs = [{ jobId, status: 'error', reason }] as const
      await world.store.write((tx) => settleIntents(tx, { nowMs: 1, backendId: 1, jobs }))
      t.match(await world.ended(id), { status: 'failed', reason })
    })

    t.test('intents of one server go one after the other, of several side by side', async (t) => {
      const world = await openWorld(t, await open(t))
      const ids: number[] = []
      for (const name of ['snf-1', 'snf-2', 'snf-3']) {
        const serverId = await world.addServer(name)
        for (const request of [createRequest(name), startRequest(name), startRequest(name)]) {
          const kind = request.method === 'POST' ? 'create-server' : 'start'
          ids.push(await world.open({ kind, serverId, request }))
        }
        const request = deleteInstance(name)
        ids.push(await world.open({ kind: 'delete-server', serverId, request }))
      }
      world.run()
      for (const id of ids) t.match(await world.ended(id), { status: 'done' })
      t.equal(world.ganeti.cluster.instances.size, 0)
      const jobs = [...world.ganeti.cluster.jobs.values()]
      t.equal(jobs.length, ids.length)
      t.ok(jobs.some(({ depends }) => depends.length > 0))
    })

    t.test('an intent waits for those that go before it', async (t) => {
      const world = await openWorld(t, await open(t))
      const first = await world.open({ kind: 'start', request: startRequest('a') })
      const second = await world.open({
        kind: 'start',
        request: startRequest('b'),
        after: [first],
      })
      world.run()
      await Promise.all([world.ended(first), world.ended(second)])
      const [one, two] = [...world.ganeti.cluster.jobs.values()]
      t.equal(one?.ops[0]?.input['instance_name'], 'a')
      t.same(two?.depends.filter((id) => id !== one?.id) ?? [], [])
    })

    t.test('a reinstall, which bears no reason, waits until all before it has ended', async (t) => {
      const world = await openWorld(t, await open(t))
      const serverId = await world.addServer('snf-1')
      const create = createRequest('snf-1')
      await world.open({ kind: 'create-server', serverId, request: create })
      const request = reinstall('snf-1', { osType: 'noop+default', osparams: {} })
      const id = await world.open({ kind: 'rebuild', serverId, request })
      world.run()
      t.match(await world.ended(id), { status: 'done' })
    })

    t.test('what Ganeti refuses fails at once, and is told of the server', async (t) => {
      const world = await openWorld(t, await open(t))
      const message = "Parameter 'x' fails validation"
      world.ganeti.setFault(() => ({ status: 400, message }))
      const serverId = await world.addServer('snf-1')
      const request = createRequest('snf-1')
      const id = await world.open({ kind: 'create-server', serverId, request })
      world.run()
      t.match(await world.ended(id), { status: 'failed', reason: /Parameter 'x' fails/ })
      t.match(world.told, [{ operation: 'OP_INSTANCE_CREATE', status: 'error' }])
    })

    t.test('a job that fails fails its intent, with Ganeti’s reason', async (t) => {
      const world = await openWorld(t, await open(t))
      const id = await world.open({ kind: 'start', request: startRequest('nobody') })
      world.run()
      t.match(await world.ended(id), { status: 'failed', reason: "Instance 'nobody' not known" })
    })

    t.test('deleting what is not there has succeeded', async (t) => {
      const world = await openWorld(t, await open(t))
      const id = await world.open({ kind: 'delete-server', request: deleteInstance('nobody') })
      world.run()
      t.match(await world.ended(id), { status: 'done' })
    })

    t.test('what never could be submitted is given up, and says why', async (t) => {
      const world = await openWorld(t, await open(t))
      world.ganeti.setFault(() => ({ status: 401, message: 'Unauthorized' }))
      const id = await world.open({ kind: 'start', request: startRequest('a') })
      world.run()
      await until('a refusal', async () =>
        (await intentRow(world.store, id)).reason === null ? undefined : true,
      )
      const longAgo = { created_ms: 0, next_ms: 0 }
      await world.store.write((tx) => tx.updateTable('intents').set(longAgo).execute())
      t.match(await world.ended(id), { status: 'failed', reason: /given up.*Unauthorized/ })
      t.equal(world.ganeti.cluster.jobs.size, 0)
    })

    t.test('a job that Ganeti has forgotten', async (t) => {
      const world = await openWorld(t, await open(t), { options: { followMs: 200 } })
      const id = await world.open({ kind: 'start', request: startRequest('a') })
      world.run()
      await until('its job', async () =>
        (await intentRow(world.store, id)).job_id === null ? undefined : true,
      )
      world.ganeti.cluster.jobs.clear()
      t.match(await world.ended(id), { status: 'failed' })
    })
  }),
)
