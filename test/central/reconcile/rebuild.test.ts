import t from 'tap'
import { destroyOrphans } from '#central/reconcile/destroy-orphans.js'
import { rebuildServers } from '#central/reconcile/rebuild.js'
import { addInstance } from '../../support/fake-ganeti/model.js'
import { onEachEngine } from '../../support/stores.js'
import { openReconcileWorld } from './world.js'

const owner = { projectId: 'p', userId: 'u' }

t.test('a store is made again from what the cluster has', (t) =>
  onEachEngine(t, async (t, open) => {
    const world = await openReconcileWorld(t, await open(t))
    const { store, deps, ganeti } = world
    const nic = { uuid: 'nic-1', mac: 'aa:00:00:00:00:01', ip: '10.0.0.9', network: 'net-old' }
    addInstance(ganeti.cluster, 'snf-7', {
      ...{ vcpus: 2, ramMib: 2048, diskMib: [10_240], diskTemplate: 'plain' },
      ...{ nics: [{ name: 'snf-nic-3', ...nic }], tags: new Set(['a:b']) },
    })
    addInstance(ganeti.cluster, 'snf-151', { isUp: false, isRunning: false })
    addInstance(ganeti.cluster, 'web.example.net')
    const backend = await store.read.selectFrom('backends').selectAll().executeTakeFirstOrThrow()

    t.same(await rebuildServers(deps, { backend, ...owner }), [
      { instance: 'snf-7', serverId: 7, outcome: 'adopted' },
      { instance: 'snf-151', serverId: 151, outcome: 'adopted' },
    ])
    t.match(await world.server(7), {
      ...{ power: 'STARTED', vcpus: 2, ram_mib: 2048, disk_mib: 10_240, is_adopted: 1 },
      ...{ project_id: 'p', node: 'n1.lab.example', tags: '["a:b"]' },
    })
    t.match(await world.server(151), { power: 'STOPPED' })
    const addresses = await store.read.selectFrom('addresses').select('address').execute()
    t.same(addresses, [{ address: '10.0.0.9' }])
    t.same(await world.look(), [], 'nothing is left to reconcile')

    t.test('what is there stays, and further servers get further numbers', async (t) => {
      addInstance(ganeti.cluster, 'snf-9')
      t.same(await rebuildServers(deps, { backend, ...owner }), [
        { instance: 'snf-7', serverId: 7, outcome: 'known' },
        { instance: 'snf-9', serverId: 9, outcome: 'adopted' },
        { instance: 'snf-151', serverId: 151, outcome: 'known' },
      ])
      t.equal(await world.addServer('snf-152'), 152)
    })

    t.test('a number that another cluster’s server has is not taken from it', async (t) => {
      addInstance(ganeti.cluster, 'snf-152')
      await store.write((tx) =>
        tx.updateTable('servers').set({ backend_id: 2 }).where('id', '=', 152).execute(),
      )
      const rebuilt = await rebuildServers(deps, { backend, ...owner })
      t.match(rebuilt.at(-1), { serverId: 152, outcome: 'number-taken' })
    })
  }),
)

t.test('orphans', (t) =>
  onEachEngine(t, async (t, open) => {
    const world = await openReconcileWorld(t, await open(t))
    const { store, deps, ganeti } = world
    addInstance(ganeti.cluster, 'snf-70')
    addInstance(ganeti.cluster, 'web.example.net')
    await world.addServer('snf-1')
    addInstance(ganeti.cluster, 'snf-1')
    const backend = await store.read.selectFrom('backends').selectAll().executeTakeFirstOrThrow()
    const intents = () => store.read.selectFrom('intents').select(['kind', 'server_id']).execute()

    t.test('are reported however often they are seen, and nothing is done to them', async (t) => {
      for (let each = 0; each < 3; each += 1) {
        t.match(await world.look(), [{ kind: 'orphan-instance', name: 'snf-70' }])
        world.pass(3_600_000)
      }
      t.same(await intents(), [])
      t.ok(ganeti.cluster.instances.has('snf-70'))
    })

    for (const [name, why] of [
      ['snf-1', 'is a server'],
      ['snf-71', 'is not there'],
      ['web.example.net', 'bears no name of ours'],
    ] as const) {
      t.test(`one that ${why} is not destroyed, nor what was named with it`, async (t) => {
        await t.rejects(destroyOrphans(deps, { backend, names: ['snf-70', name] }))
        t.same(await intents(), [])
      })
    }

    t.test('one is destroyed by its name', async (t) => {
      await destroyOrphans(deps, { backend, names: ['snf-70'] })
      t.same(await intents(), [{ kind: 'delete-server', server_id: null }])
    })
  }),
)
