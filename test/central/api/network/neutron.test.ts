import t, { type Test } from 'tap'
import { defaultCentralConfig } from '#central/config/central-config.js'
import { ensurePools } from '#central/network/pools.js'
import { syncNics } from '#central/network/sync-nics.js'
import { type Entered, openCentralApp, startMs } from '../../../support/central-app.js'
import { image, seedCloud, small } from '../../../support/cloud.js'

const net = '/network/v2.0'

/** Two tenants, an admin, a cluster, and a pool of floating addresses (network 1). */
async function cloud(t: Test) {
  const central = await openCentralApp(t)
  await central.store.write((tx) => seedCloud(tx, startMs))
  await ensurePools(central.store, defaultCentralConfig())
  const [ann, bob] = [await central.enter('ann'), await central.enter('bob')]
  const admin = await central.enter('root', 'admin')
  const call = async (who: Entered, method: string, url: string, payload?: object) => {
    const answer = await central.app.inject({
      ...{ method: method as 'GET', url, headers: { 'x-auth-token': who.token } },
      ...(payload === undefined ? {} : { payload }),
    })
    return { status: answer.statusCode, body: answer.body === '' ? {} : answer.json() }
  }
  const external = { network: { name: 'public', 'router:external': true, type: 'IP_LESS_ROUTED' } }
  t.equal((await call(admin, 'POST', `${net}/networks`, external)).status, 201)
  const subnet = { subnet: { network_id: '1', cidr: '198.51.100.0/24', ip_version: 4 } }
  t.equal((await call(admin, 'POST', `${net}/subnets`, subnet)).status, 201)
  return { central, ann, bob, admin, call }
}

type Cloud = Awaited<ReturnType<typeof cloud>>

/** Ann's network 2 with a subnet, and her server 1 on it, running. */
async function withServer({ central, ann, call }: Cloud) {
  await call(ann, 'POST', `${net}/networks`, { network: { name: 'mine', admin_state_up: true } })
  const cidr = '192.0.2.0/28'
  await call(ann, 'POST', `${net}/subnets`, { subnet: { network_id: '2', cidr, name: 'mine4' } })
  const server = { name: 'web', flavorRef: small, imageRef: image, networks: [{ uuid: '2' }] }
  await call(ann, 'POST', '/compute/v2.1/servers', { server })
  await run(central, [{ name: 'snf-nic-1', network: 'snf-net-2', ip: '192.0.2.2' }])
}

/** Says as Ganeti's messages do that the server runs with these NICs. */
async function run({ store, context }: Cloud['central'], nics: readonly Record<string, string>[]) {
  await store.write(async (tx) => {
    const row = await tx.selectFrom('servers').selectAll().executeTakeFirstOrThrow()
    const set = { power: 'STARTED' as const, task: null, task_intent_id: null }
    await tx.updateTable('servers').set(set).execute()
    const server = { id: row.id, projectId: row.project_id, userId: row.user_id }
    const told = nics.map((nic, index) => ({ mac: `aa:00:11:00:00:0${index}`, ...nic }))
    const { network } = context.config
    const deps = { names: context.names, nowMs: startMs, network }
    await syncNics(tx, deps, { server, nics: told, stamp: '' })
    await tx
      .updateTable('intents')
      .set({ status: 'done', updated_ms: startMs - 3_600_000 })
      .execute()
  })
}

t.test('networks, as the stock client makes, finds, names and deletes them', async (t) => {
  const { ann, bob, call } = await cloud(t)
  const made = await call(ann, 'POST', `${net}/networks`, {
    network: { name: 'mine', admin_state_up: true },
  })
  t.match(made, {
    status: 201,
    body: { network: { id: '2', name: 'mine', status: 'ACTIVE', 'SNF:type': 'MAC_FILTERED' } },
  })
  const subnet = { network_id: '2', cidr: '192.0.2.0/28', ip_version: 4, name: 'four' }
  const added = await call(ann, 'POST', `${net}/subnets`, { subnet })
  t.match(added.body.subnet, {
    gateway_ip: '192.0.2.1',
    enable_dhcp: true,
    tenant_id: ann.projectId,
  })
  const ids = async (who: Entered, query: string) =>
    (await call(who, 'GET', `${net}/networks${query}`)).body.networks.map(
      (one: { id: string }) => one.id,
    )
  t.strictSame(await ids(ann, ''), ['1', '2'])
  t.strictSame(await ids(bob, ''), ['1'], 'others see the public one only')
  t.strictSame(await ids(ann, '?name=mine'), ['2'])
  t.strictSame(await ids(ann, '?id=1&id=2&limit=1'), ['1'])
  t.strictSame(await ids(ann, '?marker=1'), ['2'])
  t.strictSame(await ids(ann, '?router:external=True'), ['1'])
  t.strictSame(await ids(ann, '?sort_key=name&sort_dir=desc'), ['1', '2'])
  const fields = await call(ann, 'GET', `${net}/networks?fields=id&fields=subnets&name=mine`)
  t.strictSame(fields.body.networks, [{ id: '2', subnets: ['2'] }])
  t.equal((await call(ann, 'GET', `${net}/networks?colour=red`)).status, 400, 'no such filter')
  const name = { network: { name: 'ours' } }
  t.equal((await call(ann, 'PUT', `${net}/networks/2`, name)).body.network.name, 'ours')
  t.equal((await call(ann, 'DELETE', `${net}/networks/2`)).status, 204)
  t.match(await call(ann, 'GET', `${net}/networks/2`), {
    status: 404,
    body: { NeutronError: { type: 'NetworkNotFound', detail: '' } },
  })
})

t.test('what is a stranger’s cannot be seen, changed or used', async (t) => {
  const all = await cloud(t)
  const { ann, bob, call } = all
  await withServer(all)
  await call(ann, 'POST', `${net}/floatingips`, { floatingip: { floating_network_id: '1' } })
  const tries: readonly (readonly [string, string, object?])[] = [
    ['GET', '/networks/2'],
    ['PUT', '/networks/2', { network: { name: 'x' } }],
    ['DELETE', '/networks/2'],
    ['GET', '/subnets/2'],
    ['PUT', '/subnets/2', { subnet: { name: 'taken' } }],
    ['DELETE', '/subnets/2'],
    ['POST', '/subnets', { subnet: { network_id: '2', cidr: '2001:db8::/64' } }],
    ['GET', '/ports/1'],
    ['PUT', '/ports/1', { port: { name: 'x' } }],
    ['DELETE', '/ports/1'],
    ['POST', '/ports', { port: { network_id: '2' } }],
    ['POST', '/ports', { port: { network_id: '1', device_id: '1' } }],
    ['GET', '/floatingips/1'],
    ['PUT', '/floatingips/1', { floatingip: { port_id: '1' } }],
    ['DELETE', '/floatingips/1'],
  ]
  for (const [method, path, body] of tries) {
    t.equal((await call(bob, method, net + path, body)).status, 404, `${method} ${path}`)
  }
  t.equal((await call(bob, 'GET', `${net}/quotas/${ann.projectId}`)).status, 403)
  for (const list of ['ports', 'floatingips']) {
    t.strictSame((await call(bob, 'GET', `${net}/${list}`)).body[list], [])
  }
  t.equal((await call(bob, 'PUT', `${net}/networks/1`, { network: { name: 'x' } })).status, 403)
  t.equal((await call(bob, 'DELETE', `${net}/networks/1`)).status, 403)
  const shared = { network: { name: 'x', shared: true } }
  t.equal((await call(bob, 'POST', `${net}/networks`, shared)).status, 403)
  const foreign = { network: { name: 'x', tenant_id: ann.projectId } }
  t.equal((await call(bob, 'POST', `${net}/networks`, foreign)).status, 403)
})

t.test('ports keep their address, with a server and without', async (t) => {
  const all = await cloud(t)
  const { central, ann, call } = all
  await withServer(all)
  const fixed = { network_id: '2', name: 'kept', fixed_ips: [{ ip_address: '192.0.2.9' }] }
  const made = await call(ann, 'POST', `${net}/ports`, { port: fixed })
  t.match(made, { status: 201, body: { port: { id: '2', status: 'DOWN', device_id: '' } } })
  t.match(await call(ann, 'POST', `${net}/ports`, { port: fixed }), {
    status: 409,
    body: { NeutronError: { type: 'IpAddressInUse' } },
  })
  const attach = { interfaceAttachment: { port_id: '2' } }
  t.equal((await call(ann, 'POST', '/v2.1/servers/1/os-interface', attach)).status, 200)
  const first = { name: 'snf-nic-1', network: 'snf-net-2', ip: '192.0.2.2' }
  await run(central, [first, { name: 'snf-nic-2', network: 'snf-net-2', ip: '192.0.2.9' }])
  const list = await call(ann, 'GET', `${net}/ports?device_id=1&fixed_ips=ip_address=192.0.2.9`)
  t.match(list.body.ports, [{ id: '2', status: 'ACTIVE', mac_address: 'aa:00:11:00:00:01' }])
  t.equal((await call(ann, 'DELETE', '/v2.1/servers/1/os-interface/2')).status, 202)
  await run(central, [first])
  const after = await call(ann, 'GET', `${net}/ports/2`)
  t.match(after.body.port, {
    device_id: '',
    status: 'DOWN',
    fixed_ips: [{ ip_address: '192.0.2.9' }],
  })
  t.equal((await call(ann, 'DELETE', `${net}/ports/1`)).status, 204)
  t.equal(
    (await call(ann, 'GET', `${net}/ports/1`)).status,
    200,
    'until Ganeti says that it is gone',
  )
  await run(central, [])
  t.equal((await call(ann, 'GET', `${net}/ports/1`)).status, 404)
  t.equal((await call(ann, 'DELETE', `${net}/ports/2`)).status, 204)
})

t.test('floating addresses come to a server by one of its ports, and go', async (t) => {
  const all = await cloud(t)
  const { central, ann, call } = all
  await withServer(all)
  const made = await call(ann, 'POST', `${net}/floatingips`, {
    floatingip: { floating_network_id: '1' },
  })
  t.match(made, {
    status: 201,
    body: { floatingip: { floating_ip_address: '198.51.100.2', port_id: null, status: 'DOWN' } },
  })
  const give = (port: string | null) =>
    call(ann, 'PUT', `${net}/floatingips/1`, { floatingip: { port_id: port } })
  t.match(await give('1'), {
    status: 200,
    body: { floatingip: { port_id: '2', status: 'ACTIVE' } },
  })
  const first = { name: 'snf-nic-1', network: 'snf-net-2', ip: '192.0.2.2' }
  await run(central, [first, { name: 'snf-nic-2', network: 'snf-net-1', ip: '198.51.100.2' }])
  t.match(await give('1'), { status: 409, body: { NeutronError: {} } }, 'it is on a server')
  t.equal((await call(ann, 'DELETE', `${net}/floatingips/1`)).status, 409)
  t.equal((await give(null)).status, 200)
  await run(central, [first])
  t.match((await call(ann, 'GET', `${net}/floatingips`)).body.floatingips, [{ port_id: null }])
  t.equal((await call(ann, 'DELETE', `${net}/floatingips/1`)).status, 204)
})

t.test('networks in Synnefo’s form', async (t) => {
  const all = await cloud(t)
  const { central, ann, bob, call } = all
  await withServer(all)
  const base = '/v1.1/networks'
  const network = { name: 'old', cidr: '10.0.0.0/24', type: 'MAC_FILTERED', dhcp: true }
  const made = await call(ann, 'POST', base, { network })
  t.match(made, { status: 202, body: { network: { id: '3', cidr: '10.0.0.0/24', gateway: null } } })
  t.equal((await call(ann, 'POST', `${base}/3/action`, { add: { serverRef: 1 } })).status, 202)
  const first = { name: 'snf-nic-1', network: 'snf-net-2', ip: '192.0.2.2' }
  await run(central, [first, { name: 'snf-nic-2', network: 'snf-net-3', ip: '10.0.0.1' }])
  const detail = await call(ann, 'GET', `${base}/detail`)
  t.strictSame(detail.body.networks[2].attachments, ['2'])
  t.strictSame((await call(ann, 'GET', base)).body.networks[2], { id: '3', name: 'old' })
  const remove = { remove: { attachment: 'nic-1-1' } }
  t.equal((await call(bob, 'POST', `${base}/3/action`, remove)).status, 404)
  t.equal((await call(ann, 'POST', `${base}/3/action`, remove)).status, 202)
  t.equal((await call(ann, 'POST', `${base}/3/action`, { paint: {} })).status, 400)
  await run(central, [first])
  t.equal((await call(ann, 'PUT', `${base}/3`, { network: { name: 'new' } })).status, 204)
  t.equal((await call(ann, 'GET', `${base}/3`)).body.network.name, 'new')
})

t.test('quotas and extensions', async (t) => {
  const { ann, admin, call } = await cloud(t)
  const quotas = `${net}/quotas/${ann.projectId}`
  t.match((await call(ann, 'GET', quotas)).body, { quota: { network: 10, floatingip: 10 } })
  t.equal((await call(ann, 'PUT', quotas, { quota: { network: 99 } })).status, 403)
  t.equal((await call(admin, 'PUT', quotas, { quota: { network: 0 } })).status, 200)
  t.match(await call(ann, 'POST', `${net}/networks`, { network: { name: 'x' } }), {
    status: 409,
    body: { NeutronError: { type: 'OverQuota' } },
  })
  const details = await call(ann, 'GET', `${quotas}/details.json`)
  t.match(details.body, { quota: { network: { limit: 0, used: 0 } } })
  t.equal((await call(ann, 'GET', `${net}/extensions/router`)).status, 200)
  t.equal((await call(ann, 'GET', `${net}/extensions/security-group`)).status, 404)
})
