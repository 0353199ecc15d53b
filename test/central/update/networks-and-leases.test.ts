import t from 'tap'
import type { Store } from '#central/store/store.js'
import { onEachEngine } from '../../support/stores.js'
import { opBody } from '../state/messages.js'
import { addBackend, addServers, eventsOf, incoming, take } from './rows.js'

const mac = 'aa:00:10:01:02:03'

/** Network 7 and a port of server 42 in it, whose MAC is not known yet. */
async function prepare(store: Store): Promise<void> {
  await addBackend(store)
  await addServers(store, [42])
  await store.write(async (tx) => {
    const network = {
      ...{ id: 7, name: 'n', project_id: 'p', user_id: 'u', flavor: 'CUSTOM', mode: 'bridged' },
      ...{ link: 'br0', mac_prefix: '', ganeti_name: null, tags: '[]', is_public: 0 },
      ...{ is_floating_pool: 0, is_drained: 0, state: 'PENDING', is_deleting: 0 },
      ...{ created_ms: 1, updated_ms: 1, deleted_ms: null },
    }
    await tx
      .insertInto('networks')
      .values(network as never)
      .execute()
    const port = {
      ...{ id: 5, name: '', project_id: 'p', user_id: 'u', network_id: 7, server_id: 42 },
      ...{ nic_name: 'snf-nic-5', nic_uuid: null, nic_index: null, mac: null, state: 'BUILD' },
      ...{ is_kept: 0, is_leaving: 0, firewall: null, leased_ms: null },
      ...{ created_ms: 1, updated_ms: 1 },
    }
    await tx
      .insertInto('ports')
      .values(port as never)
      .execute()
  })
}

function networkMessage(operation: string, status: string, at: number) {
  return incoming({
    ...{ type: 'ganeti-network-status', network: 'snf-net-7', cluster: 'c1', jobId: at, status },
    ...{
      operation: `OP_NETWORK_${operation}`,
      event_time: [1_700_000_000 + at, 0],
      job_fields: {},
    },
  })
}

const lease = incoming({
  ...{ type: 'ganeti-nic-status', instance: 'snf-42', cluster: 'c1', status: 'dhcp', node: 'n1' },
  ...{ event_time: [1_700_000_009, 0], nic: { mac, ip: '192.0.2.10' } },
})

const created = incoming(
  opBody('CREATE', 'success', {
    at: 8,
    instance_nics: [{ name: 'snf-nic-5', uuid: 'u5', mac, ip: null, network: 'snf-net-7' }],
  }),
)

t.test('networks and leases', (t) =>
  onEachEngine(t, async (t, open) => {
    for (const [name, messages] of [
      ['before', [lease, created]],
      ['after', [created, lease]],
    ] as const) {
      t.test(`a lease that is told ${name} the NIC is known is noted at its port`, async (t) => {
        const store = await open(t)
        await prepare(store)
        for (const message of messages) await take(store, [message])
        t.match(await store.read.selectFrom('ports').selectAll().execute(), [
          { id: 5, mac, state: 'ACTIVE', leased_ms: 1_700_000_009_000 },
        ])
      })
    }

    t.test('a server that could not be made has its ports in error', async (t) => {
      const store = await open(t)
      await prepare(store)
      await take(store, [incoming(opBody('CREATE', 'error', { at: 1 }))])
      t.match(await store.read.selectFrom('ports').selectAll().execute(), [{ state: 'ERROR' }])
    })

    t.test('a server that is gone has no ports', async (t) => {
      const store = await open(t)
      await prepare(store)
      await take(store, [created, incoming(opBody('REMOVE', 'success', { at: 9, job: 2 }))])
      t.same(await store.read.selectFrom('ports').selectAll().execute(), [])
    })

    t.test(
      'a network is active when it is connected, and deleted when that was asked for',
      async (t) => {
        const store = await open(t)
        await prepare(store)
        const state = () =>
          store.read.selectFrom('networks').select(['state']).executeTakeFirstOrThrow()
        await take(store, [
          networkMessage('CONNECT', 'success', 2),
          networkMessage('ADD', 'success', 1),
        ])
        t.same(await state(), { state: 'ACTIVE' })
        await take(store, [networkMessage('REMOVE', 'success', 3)])
        t.same(await state(), { state: 'ACTIVE' }, 'an administrator removed it at the cluster')
        await store.write((tx) => tx.updateTable('networks').set({ is_deleting: 1 }).execute())
        await take(store, [networkMessage('REMOVE', 'success', 4)])
        t.same(await state(), { state: 'DELETED' })
        t.match(
          (await eventsOf(store)).map(({ kind }) => kind),
          ['network.update', 'network.delete'],
        )
      },
    )
  }),
)
