import t from 'tap'
import { adoptInstance } from '#central/reconcile/adopt.js'
import type { Outcome } from '#central/reconcile/settle-findings.js'
import { stampOf } from '#central/stamp.js'
import { addInstance } from '../../support/fake-ganeti/model.js'
import { onEachEngine } from '../../support/stores.js'
import { graceMs, openReconcileWorld } from './world.js'

t.test('reconciliation', (t) =>
  onEachEngine(t, async (t, open) => {
    t.test('finds nothing where all is as it is', async (t) => {
      const world = await openReconcileWorld(t, await open(t))
      await world.addServer('snf-1')
      addInstance(world.ganeti.cluster, 'snf-1')
      addInstance(world.ganeti.cluster, 'somebody.else')
      t.same(await world.look(), [])
    })

    t.test('what an administrator changed is told, with the time at which he did', async (t) => {
      const world = await openReconcileWorld(t, await open(t))
      const id = await world.addServer('snf-1')
      addInstance(world.ganeti.cluster, 'snf-1', { isUp: false, isRunning: false, ramMib: 1024 })
      const planned = await world.look({ isDryRun: true })
      t.match(planned, [{ kind: 'unsynced-server', outcome: 'planned', serverId: id }])
      t.match(await world.server(id), { power: 'STARTED' }, 'a dry run changes nothing')
      t.same(kinds(await world.look()), ['unsynced-server told'])
      t.match(await world.server(id), { power: 'STOPPED', ram_mib: 1024 })
      t.same(await world.look(), [])
    })

    t.test(
      'what is newer than the cluster’s entry is believed until it was seen twice',
      async (t) => {
        const world = await openReconcileWorld(t, await open(t))
        const instance = addInstance(world.ganeti.cluster, 'snf-1', { isUp: false, mtime: 1_000 })
        const stamp = stampOf({ timeUs: 2_000_000_000, jobId: 7 })
        const id = await world.addServer('snf-1', { power_stamp: stamp, op_power: 'STARTED' })
        t.same(kinds(await world.look()), ['unsynced-server waits'])
        world.pass(graceMs - 1)
        t.same(kinds(await world.look()), ['unsynced-server waits'])
        instance.serial += 1
        world.pass(graceMs)
        t.same(kinds(await world.look()), ['unsynced-server waits'], 'it has changed meanwhile')
        world.pass(graceMs)
        t.same(kinds(await world.look()), ['unsynced-server told'])
        t.match(await world.server(id), { power: 'STOPPED' })
      },
    )

    t.test('a server whose instance is gone is deleted when it was missed twice', async (t) => {
      const world = await openReconcileWorld(t, await open(t))
      const id = await world.addServer('snf-1')
      t.same(kinds(await world.look()), ['stale-server waits'])
      t.same(kinds(await world.look()), ['stale-server waits'])
      world.pass(graceMs)
      t.same(kinds(await world.look()), ['stale-server told'])
      t.match(await world.server(id), { power: 'DESTROYED' })
      t.not((await world.server(id)).deleted_ms, null)
      t.same(await world.look(), [])
    })

    t.test('one that was seen between was not missed twice', async (t) => {
      const world = await openReconcileWorld(t, await open(t))
      const id = await world.addServer('snf-1')
      await world.look()
      world.pass(graceMs)
      addInstance(world.ganeti.cluster, 'snf-1')
      t.same(await world.look(), [])
      world.ganeti.cluster.instances.clear()
      t.same(kinds(await world.look()), ['stale-server waits'])
      t.match(await world.server(id), { deleted_ms: null })
    })

    t.test('what is under way is left alone: by an intent of ours, or by a job', async (t) => {
      const world = await openReconcileWorld(t, await open(t))
      const { cluster } = world.ganeti
      const serverId = await world.addServer('snf-1')
      await world.addServer('snf-2')
      await world.store.write((tx) =>
        tx
          .insertInto('intents')
          .values({
            ...{ backend_id: 1, kind: 'create-server', server_id: serverId, network_id: null },
            ...{ port_id: null, request: '', after: '[]', status: 'submitted', job_id: 1 },
            ...{ attempts: 1, next_ms: 0, reason: null, created_ms: 0, updated_ms: 0 },
          })
          .execute(),
      )
      cluster.submit([{ opcode: 'OP_INSTANCE_STARTUP', input: { instance_name: 'snf-2' } }])
      t.same(await world.look(), [])
      world.pass(graceMs)
      t.same(await world.look(), [])
    })

    t.test('instances under our names without a server are told, and never touched', async (t) => {
      const world = await openReconcileWorld(t, await open(t))
      addInstance(world.ganeti.cluster, 'snf-77')
      for (let turn = 0; turn < 3; turn += 1) {
        t.same(kinds(await world.look()), ['orphan-instance reported'])
        world.pass(graceMs)
      }
      t.equal(world.ganeti.cluster.instances.size, 1)
      const changing = world.ganeti.requests.filter(({ target }) => !target.includes('/2/query/'))
      t.same(changing, [], 'nothing but questions was asked')
    })

    t.test('a task that no intent will end is cleared after a while', async (t) => {
      const world = await openReconcileWorld(t, await open(t))
      addInstance(world.ganeti.cluster, 'snf-1')
      const updated = world.deps.nowMs()
      const id = await world.addServer('snf-1', { task: 'START', updated_ms: updated })
      t.same(kinds(await world.look()), ['pending-task waits'])
      world.pass(graceMs + 1)
      t.same(kinds(await world.look()), ['pending-task fixed'])
      t.match(await world.server(id), { task: null })
    })

    t.test('an instance is adopted as it is', async (t) => {
      const world = await openReconcileWorld(t, await open(t))
      const given = { isUp: false, vcpus: 3, ramMib: 700, diskMib: [2048], diskTemplate: 'plain' }
      addInstance(world.ganeti.cluster, 'web.example.net', given)
      const backend = await world.store.read
        .selectFrom('backends')
        .selectAll()
        .executeTakeFirstOrThrow()
      const adoption = { instance: 'web.example.net', projectId: 'p', userId: 'u' }
      const id = await adoptInstance(world.deps, { backend, adoption })
      const expected = { power: 'STOPPED', vcpus: 3, ram_mib: 700, disk_mib: 2048, is_adopted: 1 }
      t.match(await world.server(id), { ...expected, flavor_id: 'adopted-3-700-2-plain' })
      t.same(await world.look(), [], 'and is looked after from then on')
      const again = adoptInstance(world.deps, { backend, adoption })
      await t.rejects(again, { code: 'USAGE', message: /is server \d+ already/ })
      const nobody = { ...adoption, instance: 'nobody' }
      const unknown = adoptInstance(world.deps, { backend, adoption: nobody })
      await t.rejects(unknown, { code: 'USAGE', message: /there is no instance nobody/ })
    })
  }),
)

function kinds(outcomes: readonly Outcome[]): readonly string[] {
  return outcomes.map(({ kind, outcome }) => `${kind} ${outcome}`)
}
