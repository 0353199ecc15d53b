import t from 'tap'
import { endPortIntent } from '#central/network/end-port-intent.js'
import {
  createFloatingIp,
  deleteFloatingIp,
  requireFloatingIp,
} from '#central/network/floating-ips.js'
import type { NeutronType } from '#central/network/network-fault.js'
import { createPort } from '#central/network/port-rows.js'
import {
  closePorts,
  connectPort,
  disconnectPort,
  openPorts,
  requirePort,
  type WantedPort,
} from '#central/network/ports.js'
import type { Store } from '#central/store/store.js'
import { onEachEngine } from '../../support/stores.js'
import {
  addressesOf,
  depsOf,
  intentsOf,
  networkWith,
  nowMs,
  ours,
  refusal,
  server,
} from './helpers.js'

const subnet4 = { cidr: '192.0.2.0/28' }
const viewer = { projectId: ours.projectId, isAdmin: false }

function openWith(store: Store, wanted: readonly WantedPort[] | undefined, more = {}) {
  return store.write((tx) => openPorts(tx, depsOf(store, more), { server, wanted }))
}

await onEachEngine(t, async (t, open) => {
  await t.test(
    'the first port makes the network at its cluster, the next waits for that',
    async (t) => {
      const store = await open(t)
      const network = await networkWith(store, depsOf(store), { subnets: [subnet4] })
      const wanted = [{ networkId: network.id }]
      const first = await openWith(store, wanted)
      const nic = { name: 'snf-nic-1', network: 'snf-net-1', ip: '192.0.2.2' }
      t.strictSame(first, [{ portId: 1, nic, afterIntents: [1, 2] }])
      const second = await openWith(store, wanted)
      t.match(second, [{ nic: { ip: '192.0.2.3' }, afterIntents: [1, 2] }])
      const intents = await intentsOf(store.read)
      t.strictSame(
        intents.map(({ kind, backend_id: backend, network_id: of, after }) => [
          kind,
          backend,
          of,
          after,
        ]),
        [
          ['create-network', 2, 1, '[]'],
          ['connect-network', 2, 1, '[1]'],
        ],
      )
      t.match(intents[0]?.request.body, {
        ...{ network_name: 'snf-net-1', network: '192.0.2.0/28', gateway: '192.0.2.1' },
        ...{ mac_prefix: 'aa:00:02', tags: ['nfdhcpd', 'private'] },
      })
      t.match(intents[1]?.request.body, {
        group_name: 'default',
        network_mode: 'bridged',
        network_link: 'br0',
      })
      const active = { state: 'ACTIVE' as const }
      await store.write((tx) => tx.updateTable('backend_networks').set(active).execute())
      t.match(
        await openWith(store, wanted),
        [{ afterIntents: [] }],
        'nobody waits for what is there',
      )
    },
  )

  await t.test(
    'a network without IPv4 has a dummy subnet there, and NICs without address',
    async (t) => {
      const store = await open(t)
      await networkWith(store, depsOf(store), { subnets: [{ cidr: '2001:db8::/64' }] })
      t.match(await openWith(store, [{ networkId: 1 }]), [{ nic: { ip: null } }])
      const [created] = await intentsOf(store.read)
      t.match(created?.request.body, { network: '10.0.0.0/29', network6: '2001:db8::/64' })
      t.notOk(Object.hasOwn(created?.request.body ?? {}, 'gateway'))
    },
  )

  await t.test(
    'default networks are for those who name none, forced ones for everybody',
    async (t) => {
      const store = await open(t)
      for (const isPublic of [true, true, false]) {
        const more = isPublic ? { projectId: null, isPublic } : {}
        await networkWith(store, depsOf(store), { ...more, flavor: 'IP_LESS_ROUTED' })
      }
      const config = { network: { default_networks: ['1'], forced_networks: ['2'] } }
      const names = async (wanted: readonly WantedPort[] | undefined) =>
        (await openWith(store, wanted, config)).map(({ nic }) => nic.network)
      t.strictSame(await names(undefined), ['snf-net-1', 'snf-net-2'])
      t.strictSame(await names([]), ['snf-net-2'])
      t.strictSame(await names([{ networkId: 3 }]), ['snf-net-3', 'snf-net-2'])
      t.strictSame(await names([{ networkId: 2 }]), ['snf-net-2'])
    },
  )

  await t.test('64 servers at the same time get 64 different addresses', async (t) => {
    const store = await open(t)
    const network = await networkWith(store, depsOf(store), { subnets: [{ cidr: '192.0.2.0/25' }] })
    const wanted = [{ networkId: network.id }]
    const opened = await Promise.all(
      Array.from({ length: 64 }, (_, index) =>
        store.write((tx) =>
          openPorts(tx, depsOf(store), { server: { ...server, id: index + 1 }, wanted }),
        ),
      ),
    )
    const ips = opened.map(([port]) => port?.nic.ip)
    t.equal(new Set(ips).size, 64)
    t.ok(ips.every((ip) => typeof ip === 'string'))
    const kinds = (await intentsOf(store.read)).map(({ kind }) => kind)
    t.strictSame(kinds, ['create-network', 'connect-network'], 'and one network is made')
  })

  const refused: readonly (readonly [string, WantedPort, NeutronType])[] = [
    ['a stranger’s network', { networkId: 2 }, 'NetworkNotFound'],
    ['no network', { networkId: 99 }, 'NetworkNotFound'],
    ['an address elsewhere', { networkId: 1, fixedIp: '198.51.100.1' }, 'InvalidIpForSubnet'],
    ['the gateway', { networkId: 1, fixedIp: '192.0.2.1' }, 'IpAddressInUse'],
    ['a taken address', { networkId: 1, fixedIp: '192.0.2.5' }, 'IpAddressInUse'],
    ['a pool of floating ones', { networkId: 3 }, 'IpAddressGenerationFailure'],
    ['no port', { portId: 77 }, 'PortNotFound'],
    ['a port in use', { portId: 1 }, 'PortInUse'],
    ['a stranger’s port', { portId: 2 }, 'PortNotFound'],
  ]
  await t.test('refused', async (t) => {
    const store = await open(t)
    const deps = depsOf(store)
    await networkWith(store, deps, { subnets: [subnet4] })
    const theirs = await networkWith(store, deps, { projectId: 'p2' })
    const pool = { isPublic: true, isFloatingPool: true, projectId: null } as const
    await networkWith(store, deps, { ...pool, subnets: [{ cidr: '198.51.100.0/24' }] })
    await openWith(store, [{ networkId: 1, fixedIp: '192.0.2.5' }])
    await store.write((tx) =>
      createPort(tx, deps, { network: theirs, projectId: 'p2', userId: 'u2', serverId: null }),
    )
    for (const [what, wanted, want] of refused) {
      t.equal(await refusal(openWith(store, [wanted])), want, what)
    }
    const small = { quota: { ports: 1 } }
    t.equal(await refusal(openWith(store, [{ networkId: 1 }], small)), 'OverQuota')
    t.equal((await addressesOf(store)).size, 1, 'and nothing of them stayed')
  })

  await t.test('a server that is deleted gives back what is its own only', async (t) => {
    const store = await open(t)
    const deps = depsOf(store)
    const network = await networkWith(store, deps, { subnets: [subnet4] })
    const pool = { isPublic: true, isFloatingPool: true, projectId: null } as const
    await networkWith(store, deps, { ...pool, subnets: [{ cidr: '198.51.100.0/24' }] })
    const kept = await store.write((tx) =>
      createPort(tx, deps, { network, ...ours, serverId: null, isKept: true }),
    )
    const floating = await store.write((tx) =>
      createFloatingIp(tx, deps, { viewer, userId: ours.userId }),
    )
    const wanted = [{ portId: kept.port.id }, { networkId: network.id }, { networkId: 2 }]
    const opened = await openWith(store, wanted)
    t.strictSame(
      opened.map(({ nic }) => nic.ip),
      ['192.0.2.2', '192.0.2.3', '198.51.100.2'],
    )
    const inUse = { ...floating, port_id: 3 }
    t.equal(await refusal(store.write((tx) => deleteFloatingIp(tx, deps, inUse))), 'Conflict')
    await store.write((tx) => closePorts(tx, deps, { serverId: server.id }))
    const ports = await store.read.selectFrom('ports').selectAll().execute()
    t.match(ports, [{ id: kept.port.id, server_id: null, state: 'DOWN' }])
    t.equal(ports.length, 1)
    const owners = await store.read
      .selectFrom('pool_values')
      .select(['value', 'owner_kind'])
      .where('owner_kind', 'is not', null)
      .orderBy('id')
      .execute()
    t.strictSame(owners, [
      { value: '192.0.2.2', owner_kind: 'port' },
      { value: '198.51.100.2', owner_kind: 'floating-ip' },
    ])
    await store.write(async (tx) => {
      const row = await requireFloatingIp(tx, deps, { floatingIpId: floating.id, viewer })
      await deleteFloatingIp(tx, deps, row)
    })
    const later = depsOf(store, { nowMs: nowMs + 1 })
    const next = await store.write((tx) => createFloatingIp(tx, later, { viewer, userId: 'u1' }))
    t.equal(next.address, '198.51.100.3', 'what was given back rests')
  })

  await t.test(
    'a NIC that could not be made takes its port with it, one that could not be removed stays',
    async (t) => {
      const store = await open(t)
      const deps = depsOf(store)
      const network = await networkWith(store, deps, { subnets: [subnet4] })
      const wanted = { networkId: network.id }
      const { portId } = await store.write((tx) => connectPort(tx, deps, { server, wanted }))
      const fail = (kind: string) =>
        store.write((tx) =>
          endPortIntent(tx, deps, { intent: { kind, port_id: portId }, isFailed: true }),
        )
      const active = { state: 'ACTIVE' as const }
      await store.write((tx) => tx.updateTable('ports').set(active).execute())
      await store.write(async (tx) => {
        const port = await requirePort(tx, deps, { portId, viewer })
        await disconnectPort(tx, deps, { server, port })
      })
      const intents = await intentsOf(store.read)
      t.match(intents.at(-2)?.request.body, {
        nics: [['add', -1, { name: 'snf-nic-1', ip: '192.0.2.2' }]],
      })
      t.match(intents.at(-1)?.request.body, { nics: [['remove', 'snf-nic-1', {}]] })
      await fail('disconnect')
      const row = await store.read.selectFrom('ports').selectAll().executeTakeFirst()
      t.match(row, { is_leaving: 0, state: 'ACTIVE' })
      await store.write((tx) => tx.updateTable('ports').set({ state: 'BUILD' }).execute())
      await fail('connect')
      t.equal((await addressesOf(store)).size, 0)
    },
  )
})
