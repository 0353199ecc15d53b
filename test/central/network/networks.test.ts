import t from 'tap'
import { forgetNetwork, removeNetwork } from '#central/network/delete-network.js'
import { createFloatingIp } from '#central/network/floating-ips.js'
import { closePorts, openPorts } from '#central/network/ports.js'
import { createSubnet, deleteSubnet } from '#central/network/subnets.js'
import { tellReserved } from '#central/network/tell-reserved.js'
import { onEachEngine } from '../../support/stores.js'
import {
  depsOf,
  intentsOf,
  networkWith,
  nowMs,
  ours,
  preparePools,
  refusal,
  server,
} from './helpers.js'

const subnet4 = { cidr: '192.0.2.0/28' }

await onEachEngine(t, async (t, open) => {
  await t.test('what each flavor is at Ganeti', async (t) => {
    const store = await open(t)
    const deps = depsOf(store)
    await preparePools(store, deps)
    const made = []
    for (const flavor of ['CUSTOM', 'IP_LESS_ROUTED', 'MAC_FILTERED', 'PHYSICAL_VLAN'] as const) {
      const { mode, link, mac_prefix: prefix, tags } = await networkWith(store, deps, { flavor })
      made.push([mode, link, prefix, tags])
    }
    t.strictSame(made, [
      ['bridged', 'br0', 'aa:00:0', '[]'],
      ['routed', 'snf-link-2', 'aa:00:0', '["ip-less-routed"]'],
      ['bridged', 'prv0', 'aa:00:1', '["private-filtered"]'],
      ['bridged', 'prv1', 'aa:00:0', '["physical-vlan"]'],
    ])
  })

  await t.test('64 networks at the same time get 64 different prefixes', async (t) => {
    const store = await open(t)
    const deps = depsOf(store, { network: { mac_prefix_count: 200 }, quota: { networks: -1 } })
    await preparePools(store, deps)
    const flavor = 'MAC_FILTERED'
    const made = await Promise.all(
      Array.from({ length: 64 }, () => networkWith(store, deps, { flavor })),
    )
    t.equal(new Set(made.map(({ mac_prefix: prefix }) => prefix)).size, 64)
  })

  await t.test('a network is deleted at its clusters first, and rests then', async (t) => {
    const store = await open(t)
    const deps = depsOf(store, { network: { vlan_count: 1 } })
    await preparePools(store, deps)
    const network = await networkWith(store, deps, { flavor: 'PHYSICAL_VLAN', subnets: [subnet4] })
    const another = () => networkWith(store, deps, { flavor: 'PHYSICAL_VLAN' })
    t.equal(await refusal(another()), 'Conflict', 'the only bridge is taken')
    const wanted = [{ networkId: network.id }]
    await store.write((tx) => openPorts(tx, deps, { server, wanted }))
    const remove = () => store.write((tx) => removeNetwork(tx, deps, network))
    t.equal(await refusal(remove()), 'NetworkInUse')
    await store.write((tx) => closePorts(tx, deps, { serverId: server.id }))
    t.equal(await remove(), false)
    t.equal(await remove(), false, 'asked again')
    const kinds = (await intentsOf(store.read)).map(({ kind, after }) => [kind, after])
    t.strictSame(kinds.slice(2), [
      ['disconnect-network', '[]'],
      ['delete-network', '[3]'],
    ])
    t.equal(await refusal(another()), 'Conflict', 'not given before it is gone there')
    await store.write((tx) => forgetNetwork(tx, deps, network.id))
    t.equal(await refusal(another()), 'Conflict', 'in quarantine')
    const later = depsOf(store, { nowMs: nowMs + deps.network.quarantine.ms })
    const next = await networkWith(store, later, { flavor: 'PHYSICAL_VLAN' })
    t.equal(next.link, 'prv1')
    const rows = await store.read.selectFrom('subnets').selectAll().execute()
    t.equal(rows.length, 0)
  })

  await t.test('a network that no cluster has is gone at once', async (t) => {
    const store = await open(t)
    const deps = depsOf(store)
    const network = await networkWith(store, deps, { subnets: [subnet4] })
    t.equal(await store.write((tx) => removeNetwork(tx, deps, network)), true)
    const row = await store.read.selectFrom('networks').selectAll().executeTakeFirst()
    t.match(row, { state: 'DELETED', deleted_ms: nowMs })
    t.equal((await intentsOf(store.read)).length, 0)
  })

  await t.test('a network with floating addresses is in use', async (t) => {
    const store = await open(t)
    const deps = depsOf(store)
    const pool = { isPublic: true, isFloatingPool: true, projectId: null } as const
    const network = await networkWith(store, deps, { ...pool, subnets: [subnet4] })
    const viewer = { projectId: 'p1', isAdmin: false }
    await store.write((tx) => createFloatingIp(tx, deps, { viewer, userId: 'u1' }))
    t.equal(await refusal(store.write((tx) => removeNetwork(tx, deps, network))), 'NetworkInUse')
  })

  await t.test('subnets: one of each version, before a cluster has the network', async (t) => {
    const store = await open(t)
    const deps = depsOf(store)
    const network = await networkWith(store, deps, { subnets: [subnet4] })
    const add = (cidr: string) =>
      store.write((tx) => createSubnet(tx, deps, { network, subnet: { name: '', cidr } }))
    t.equal(await refusal(add('198.51.100.0/24')), 'Conflict')
    const added = await add('2001:db8:1::/64')
    t.match(added, { gateway_ip: '2001:db8:1::1', is_slaac: 1, ip_version: 6 })
    await store.write((tx) => deleteSubnet(tx, added))
    await store.write((tx) => openPorts(tx, deps, { server, wanted: [{ networkId: network.id }] }))
    t.equal(await refusal(add('2001:db8:1::/64')), 'Conflict')
    const [subnet] = await store.read.selectFrom('subnets').selectAll().execute()
    if (subnet === undefined) throw new Error('no subnet')
    t.equal(await refusal(store.write((tx) => deleteSubnet(tx, subnet))), 'SubnetInUse')
  })

  await t.test(
    'what an admin reserves at Ganeti is not given, in whatever order that is told',
    async (t) => {
      const store = await open(t)
      const deps = depsOf(store)
      const network = await networkWith(store, deps, { subnets: [subnet4] })
      const tell = (stamp: string, addReserved: string[], removeReserved: string[]) =>
        store.write((tx) => tellReserved(tx, network.id, { addReserved, removeReserved, stamp }))
      await tell('2', [], ['192.0.2.3'])
      await tell('1', ['192.0.2.2', '192.0.2.3'], [])
      const wanted = [{ networkId: network.id }]
      const opened = await store.write((tx) => openPorts(tx, deps, { server, wanted }))
      t.equal(opened[0]?.nic.ip, '192.0.2.3')
      await tell('3', [], ['192.0.2.2'])
      const next = await store.write((tx) => openPorts(tx, deps, { server, wanted }))
      t.equal(next[0]?.nic.ip, '192.0.2.2')
    },
  )

  await t.test('public networks do not overlap, private ones may', async (t) => {
    const store = await open(t)
    const deps = depsOf(store)
    const isPublic = { isPublic: true, projectId: null } as const
    await networkWith(store, deps, { ...isPublic, subnets: [subnet4] })
    await networkWith(store, deps, { subnets: [subnet4] })
    const wider = { ...isPublic, subnets: [{ cidr: '192.0.2.0/24' }] }
    t.equal(await refusal(networkWith(store, deps, wider)), 'Conflict')
  })

  await t.test('a project has as many networks as its quota says', async (t) => {
    const store = await open(t)
    const deps = depsOf(store, { quota: { networks: 1 } })
    await networkWith(store, deps)
    t.equal(await refusal(networkWith(store, deps)), 'OverQuota')
    const own = { project_id: ours.projectId, resource: 'networks', quota: 2 }
    await store.write((tx) => tx.insertInto('quotas').values(own).execute())
    t.equal(await refusal(networkWith(store, deps)), 'none')
  })
})
