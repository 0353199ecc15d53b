import t from 'tap'
import { reinstall } from '#central/intent/requests.js'
import type { Fault } from '../../support/fake-ganeti/fake-ganeti.js'
import { openSqliteStore } from '../../support/stores.js'
import { until } from '../../support/until.js'
import { createRequest, intentRow, openWorld, startRequest } from './world.js'

const faults: readonly (readonly [string, Fault, number])[] = [
  ['an answer that is lost', 'cut-after', 1],
  ['a call that is lost', 'cut-before', 2],
  ['an answer that never comes', 'hang-after', 1],
  ['a call that is swallowed', 'hang-before', 2],
  ['an internal error of Ganeti', { status: 500, message: 'oops' }, 2],
  ['a master that is lost', { status: 502, message: "Can't connect to master daemon" }, 2],
  ['a full queue', { status: 503, message: 'Job queue is full' }, 2],
]

t.test('no server is lost, and none made twice', async (t) => {
  const open = openSqliteStore
  for (const [name, fault, callCount] of faults) {
    t.test(`by ${name}`, async (t) => {
      const world = await openWorld(t, await open(t), { timeoutMs: 200 })
      let count = 0
      world.ganeti.setFault(({ method }) => {
        if (method !== 'POST') return undefined
        count += 1
        return count === 1 ? fault : undefined
      })
      const serverId = await world.addServer('snf-1')
      const request = createRequest('snf-1')
      const id = await world.open({ kind: 'create-server', serverId, request })
      world.run()
      t.match(await world.ended(id), { status: 'done' })
      t.same([...world.ganeti.cluster.instances.keys()], ['snf-1'])
      t.equal(world.ganeti.cluster.jobs.size, 1)
      t.equal(count, callCount)
    })
  }

  t.test('by a list of jobs that cannot be read', async (t) => {
    const world = await openWorld(t, await open(t))
    let isFirst = true
    world.ganeti.setFault(({ method, target }) => {
      if (target === '/2/query/job') return { status: 500, message: "'utf-8' codec can't decode" }
      if (method !== 'POST' || !isFirst) return undefined
      isFirst = false
      return 'cut-after'
    })
    const request = createRequest('snf-1')
    const id = await world.open({ kind: 'create-server', request })
    world.run()
    t.match(await world.ended(id), { status: 'done' })
    t.equal(world.ganeti.cluster.jobs.size, 1)
  })

  t.test('by a reinstall whose answer is lost', async (t) => {
    const world = await openWorld(t, await open(t))
    const serverId = await world.addServer('snf-1')
    const made = { kind: 'create-server', serverId, request: createRequest('snf-1') } as const
    await world.open(made)
    world.ganeti.setFault(({ target }) => (target.endsWith('/reinstall') ? 'cut-after' : undefined))
    const request = reinstall('snf-1', { osType: 'noop+default', osparams: {} })
    const id = await world.open({ kind: 'rebuild', serverId, request })
    world.run()
    t.match(await world.ended(id), { status: 'done' })
    t.equal(world.ganeti.cluster.jobs.size, 2)
  })

  t.test('a job that turns up after all, when the same was submitted again', async (t) => {
    const world = await openWorld(t, await open(t), { options: { safeMs: 0 } })
    const request = createRequest('snf-1')
    let hidden = true
    world.ganeti.setFault(({ method, target }) => {
      if (method === 'POST') return hidden ? 'cut-after' : undefined
      // The first one is not in the list yet: the worst that a slow Ganeti can do.
      return hidden && target === '/2/query/job' ? { status: 404, message: '' } : undefined
    })
    const id = await world.open({ kind: 'create-server', request })
    const stop = world.run()
    await until('the first job', () => world.ganeti.cluster.instances.size || undefined)
    await stop()
    hidden = false
    await world.store.write((tx) =>
      tx.updateTable('intents').set({ status: 'pending', next_ms: 0 }).execute(),
    )
    world.run()
    t.match(await world.ended(id), { status: 'done', job_id: 1 })
    t.equal(world.ganeti.cluster.jobs.size, 2)
  })

  t.test('a cluster that is away is left alone, and served when it is back', async (t) => {
    const world = await openWorld(t, await open(t))
    let isAway = true
    world.ganeti.setFault(() => (isAway ? 'cut-before' : undefined))
    const ids = await Promise.all(
      Array.from({ length: 5 }, (_, index) =>
        world.open({ kind: 'create-server', request: createRequest(`snf-${index + 1}`) }),
      ),
    )
    world.run()
    await until('some calls', () => (world.ganeti.requests.length > 3 ? true : undefined))
    isAway = false
    for (const id of ids) t.match(await world.ended(id), { status: 'done' })
    t.equal(world.ganeti.cluster.jobs.size, 5)
  })

  t.test('one that is offline is not spoken to', async (t) => {
    const world = await openWorld(t, await open(t))
    await world.store.write((tx) => tx.updateTable('backends').set({ is_offline: 1 }).execute())
    const id = await world.open({ kind: 'start', request: startRequest('a') })
    const stop = world.run()
    await until('some rounds', async () => (await intentRow(world.store, id)) && true)
    await stop()
    t.equal(world.ganeti.requests.length, 0)
    t.match(await intentRow(world.store, id), { status: 'pending' })
  })
})
