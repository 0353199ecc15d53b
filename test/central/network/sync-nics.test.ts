import t from 'tap'
import { createFloatingIp } from '#central/network/floating-ips.js'
import { connectPort, openPorts } from '#central/network/ports.js'
import { syncNics } from '#central/network/sync-nics.js'
import type { Store } from '#central/store/store.js'
import type { JsonObject } from '#ganeti/json-value.js'
import { onEachEngine } from '../../support/stores.js'
import { addressesOf, depsOf, end, networkWith, nowMs, ours, server } from './helpers.js'

const subnet4 = { cidr: '192.0.2.0/28' }
const subnet6 = { cidr: '2001:db8::/64' }

function nic(more: JsonObject): JsonObject {
  const rest = { uuid: `uuid-of-${String(more['name'])}`, mode: 'bridged', link: 'br0' }
  return { ip: null, mac: 'aa:00:10:01:02:03', network: null, name: null, ...rest, ...more }
}

function sync(store: Store, nics: readonly JsonObject[], atMs = nowMs) {
  return store.write((tx) =>
    syncNics(tx, depsOf(store, { nowMs: atMs }), { server, nics, stamp: '' }),
  )
}

function portsOf({ read }: Store) {
  return read.selectFrom('ports').selectAll().orderBy('id').execute()
}

await onEachEngine(t, async (t, open) => {
  await t.test('a promised port becomes what Ganeti made of it, IPv6 by EUI-64', async (t) => {
    const store = await open(t)
    const deps = depsOf(store)
    const network = await networkWith(store, deps, { subnets: [subnet4, subnet6] })
    await store.write((tx) => openPorts(tx, deps, { server, wanted: [{ networkId: network.id }] }))
    const told = nic({ name: 'snf-nic-1', ip: '192.0.2.2', network: `snf-net-${network.id}` })
    t.match(await sync(store, [told]), { isChanged: true, conflicts: [] })
    const [port] = await portsOf(store)
    const want = { state: 'ACTIVE', mac: 'aa:00:10:01:02:03', nic_uuid: 'uuid-of-snf-nic-1' }
    t.match(port, { ...want, nic_index: 0, server_id: 42 })
    const addresses = ['192.0.2.2', '2001:db8::a800:10ff:fe01:203']
    t.strictSame([...(await addressesOf(store))], [[1, addresses]])
    t.match(await sync(store, [told]), { isChanged: false }, 'and once more is no news')
  })

  await t.test('a port is kept while the job that makes its NIC is under way', async (t) => {
    const store = await open(t)
    const deps = depsOf(store)
    const network = await networkWith(store, deps, { subnets: [subnet4] })
    const wanted = { networkId: network.id }
    const { intentId } = await store.write((tx) => connectPort(tx, deps, { server, wanted }))
    await sync(store, [])
    t.equal((await portsOf(store)).length, 1, 'under way')
    await end(store, intentId, 'done')
    await sync(store, [], nowMs + 1000)
    t.equal((await portsOf(store)).length, 1, 'done a moment ago: the list may be older')
    await sync(store, [], nowMs + 3_600_000)
    t.equal((await portsOf(store)).length, 0, 'long done')
  })

  await t.test('NICs that are gone leave; their addresses rest', async (t) => {
    const store = await open(t)
    const deps = depsOf(store)
    const network = await networkWith(store, deps, { subnets: [subnet4, subnet6] })
    const wanted = [{ networkId: network.id }, { networkId: network.id }]
    await store.write((tx) => openPorts(tx, deps, { server, wanted }))
    const first = nic({ name: 'snf-nic-1', ip: '192.0.2.2', network: 'snf-net-1' })
    const second = nic({
      ...{ name: 'snf-nic-2', ip: '192.0.2.3', network: 'snf-net-1' },
      mac: 'aa:00:10:01:02:04',
    })
    await sync(store, [first, second])
    await sync(store, [second])
    t.strictSame([...(await addressesOf(store)).keys()], [2])
    const value = await store.read
      .selectFrom('pool_values')
      .selectAll()
      .where('value', '=', '192.0.2.2')
      .executeTakeFirst()
    t.match(value, { owner_kind: null, free_ms: nowMs })
    t.equal((await portsOf(store))[0]?.nic_index, 0, 'the other moved up')
  })

  await t.test(
    'what an admin plugged in at Ganeti is adopted, and its address not given again',
    async (t) => {
      const store = await open(t)
      const deps = depsOf(store)
      const network = await networkWith(store, deps, { subnets: [subnet4] })
      const foreign = nic({ name: 'eth-admin', ip: '192.0.2.2', network: 'snf-net-1' })
      const nameless = nic({ uuid: 'nameless', mac: 'aa:00:00:00:00:01', link: 'br7' })
      const elsewhere = nic({
        ...{ name: 'public', uuid: 'else', mac: 'aa:00:00:00:00:02' },
        ...{ network: 'net-public', ip: '198.51.100.7' },
      })
      await sync(store, [foreign, nameless, elsewhere])
      const all = [
        [1, ['192.0.2.2']],
        [2, []],
        [3, ['198.51.100.7']],
      ]
      t.strictSame([...(await addressesOf(store))], all)
      await sync(store, [foreign, nameless, elsewhere])
      t.strictSame([...(await addressesOf(store))], all, 'found again by their names and UUIDs')
      const networks = await store.read
        .selectFrom('networks')
        .select('ganeti_name')
        .orderBy('id')
        .execute()
      t.strictSame(
        networks.map(({ ganeti_name: name }) => name),
        [null, 'link:br7', 'net-public'],
      )
      const wanted = [{ networkId: network.id }]
      const [opened] = await store.write((tx) =>
        openPorts(tx, deps, { server: { ...server, id: 43 }, wanted }),
      )
      t.equal(opened?.nic.ip, '192.0.2.3')
    },
  )

  await t.test(
    'another address at Ganeti is the address; one promised to another port is told',
    async (t) => {
      const store = await open(t)
      const deps = depsOf(store)
      const network = await networkWith(store, deps, { subnets: [subnet4] })
      const wanted = [{ networkId: network.id }]
      await store.write((tx) => openPorts(tx, deps, { server, wanted }))
      await store.write((tx) => openPorts(tx, deps, { server: { ...server, id: 43 }, wanted }))
      const told = { name: 'snf-nic-1', network: 'snf-net-1' }
      await sync(store, [nic({ ...told, ip: '192.0.2.9' })])
      t.strictSame([...(await addressesOf(store))], [[1, ['192.0.2.9']]])
      t.match(await sync(store, [nic({ ...told, ip: '192.0.2.3' })]), { conflicts: ['192.0.2.3'] })
      t.strictSame([...(await addressesOf(store, 43))], [[2, ['192.0.2.3']]])
      await sync(store, [nic(told)])
      t.strictSame([...(await addressesOf(store))], [[1, []]])
    },
  )

  await t.test('a floating address that an admin plugged in is on that server', async (t) => {
    const store = await open(t)
    const deps = depsOf(store)
    await networkWith(store, deps, {
      ...{ isPublic: true, isFloatingPool: true, projectId: null, subnets: [subnet4] },
    })
    const viewer = { projectId: ours.projectId, isAdmin: false }
    const floating = await store.write((tx) =>
      createFloatingIp(tx, deps, { viewer, userId: ours.userId, networkId: 1 }),
    )
    await sync(store, [nic({ name: 'x', network: 'snf-net-1', ip: floating.address })])
    const row = await store.read.selectFrom('floating_ips').selectAll().executeTakeFirst()
    t.equal(row?.port_id, 1)
    await sync(store, [])
    const after = await store.read.selectFrom('floating_ips').selectAll().executeTakeFirst()
    t.match(after, { port_id: null, address: floating.address }, 'and stays with its project')
  })

  await t.test('firewall profiles are what tags say', async (t) => {
    const store = await open(t)
    await sync(store, [nic({ name: 'a', firewall: 'protected' })])
    t.equal((await portsOf(store))[0]?.firewall, 'protected')
    await sync(store, [nic({ name: 'a' })])
    t.equal((await portsOf(store))[0]?.firewall, null)
  })
})
