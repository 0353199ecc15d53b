import t from 'tap'
import { ensurePools } from '#central/network/pools.js'
import { openCentralApp, startMs } from '../../support/central-app.js'
import { image, seedCloud, small } from '../../support/cloud.js'

/** What stock clients ask for by habit. */

t.test('v1.1, v2 and v2.1 serve the same JSON: plain lists, without `values`', async (t) => {
  const central = await openCentralApp(t)
  await central.store.write((tx) => seedCloud(tx, startMs))
  await ensurePools(central.store, central.context.config)
  const headers = { 'x-auth-token': (await central.enter('ann')).token }
  await central.app.inject({
    ...{ method: 'POST', url: '/v1.1/networks', headers },
    payload: { network: { name: 'net', cidr: '10.0.0.0/24' } },
  })
  const { statusCode } = await central.app.inject({
    ...{ method: 'POST', url: '/v1.1/servers', headers },
    payload: { server: { name: 'web', flavorRef: small, imageRef: image, networks: 'none' } },
  })
  t.equal(statusCode, 202)
  for (const name of ['servers', 'flavors', 'images', 'networks']) {
    for (const path of [name, `${name}/detail`]) {
      const [now, ...before] = await Promise.all(
        ['/v2.1', '/v2', '/v1.1'].map(async (base) =>
          (await central.app.inject({ url: `${base}/${path}`, headers })).json(),
        ),
      )
      t.match(now[name], [{ id: String }], path)
      for (const other of before) t.same(other, now, path)
    }
  }
  t.match((await central.app.inject({ url: '/v1.1/servers/1', headers })).json(), {
    server: { id: '1', metadata: {}, addresses: {}, attachments: [] },
  })
})

t.test('hypervisor list and show: each cluster is one, with what was read of it', async (t) => {
  const central = await openCentralApp(t)
  await central.store.write((tx) => seedCloud(tx, startMs))
  const headers = { 'x-auth-token': (await central.enter('root', 'admin')).token }
  const get = async (path: string) =>
    (await central.app.inject({ url: `/v2.1/os-hypervisors${path}`, headers })).json()
  await central.app.inject({
    ...{ method: 'POST', url: '/v2.1/servers', headers },
    payload: { server: { name: 'web', flavorRef: small, imageRef: image, networks: 'none' } },
  })
  const short = { id: 1, hypervisor_hostname: 'cluster.example.org', state: 'up' }
  const shown = {
    ...short,
    ...{ status: 'enabled', hypervisor_type: 'kvm', hypervisor_version: 3_000_002 },
    ...{ host_ip: '10.0.0.1', vcpus: 96, vcpus_used: 1, memory_mb: 400_000, running_vms: 1 },
  }
  t.match(await get(''), { hypervisors: [short] })
  t.match(await get('/detail'), { hypervisors: [shown] })
  t.match(await get('/1'), { hypervisor: shown })
  t.match(await get('/cluster.ex/search'), { hypervisors: [short] })
  t.match(await get('/statistics'), { hypervisor_statistics: { count: 1, vcpus: 96 } })
  t.match(await get('/9'), { itemNotFound: { code: 404 } })
  await central.store.write((tx) =>
    tx.updateTable('backends').set({ is_offline: 1, is_drained: 1 }).execute(),
  )
  t.match(await get('/1'), { hypervisor: { state: 'down', status: 'disabled' } })
  const member = { 'x-auth-token': (await central.enter('ann')).token }
  const refused = await central.app.inject({ url: '/v2.1/os-hypervisors', headers: member })
  t.equal(refused.statusCode, 403)
})

t.test('server event list and show: what was asked of Ganeti, and how it ended', async (t) => {
  const central = await openCentralApp(t)
  await central.store.write((tx) => seedCloud(tx, startMs))
  const headers = { 'x-auth-token': (await central.enter('ann')).token }
  const base = '/v2.1/servers/1/os-instance-actions'
  const get = async (url: string) => (await central.app.inject({ url, headers })).json()
  const { statusCode } = await central.app.inject({
    ...{ method: 'POST', url: '/v2.1/servers', headers },
    payload: { server: { name: 'web', flavorRef: small, imageRef: image, networks: 'none' } },
  })
  t.equal(statusCode, 202)
  const { instanceActions } = await get(base)
  const [{ request_id: id }] = instanceActions
  t.match(instanceActions, [{ action: 'create', instance_uuid: '1', message: null }])
  t.match(await get(`${base}/${id}`), {
    instanceAction: { events: [{ event: 'create-server', finish_time: null, result: null }] },
  })
  await central.store.write((tx) =>
    tx
      .updateTable('intents')
      .set({ status: 'failed', job_id: 77, reason: 'no room', updated_ms: startMs + 61_000 })
      .execute(),
  )
  t.match(await get(base), { instanceActions: [{ message: 'no room' }] })
  t.match(await get(`${base}/${id}`), {
    instanceAction: {
      start_time: '2026-11-30T20:00:00.000000',
      events: [
        {
          ...{ event: 'create-server, job 77', result: 'Error' },
          finish_time: '2026-11-30T20:01:01.000000',
        },
      ],
    },
  })
  t.match(await get(`${base}/req-999`), { itemNotFound: { code: 404 } })
  const stranger = { 'x-auth-token': (await central.enter('bob')).token }
  for (const url of [base, `${base}/${id}`]) {
    t.equal((await central.app.inject({ url, headers: stranger })).statusCode, 404, url)
  }
})

t.test(
  'what is not here says so in the words of its service, and what there is instead',
  async (t) => {
    const { app, enter } = await openCentralApp(t)
    const headers = { 'x-auth-token': (await enter('root', 'admin')).token }
    const patch = 'application/openstack-images-v2.1-json-patch'
    const cases = [
      ['GET', '/network/v2.0/security-groups', 'firewallProfile'],
      ['GET', '/network/v2.0/agents', 'okeanid status'],
      ['GET', '/network/v2.0/routers', 'floating address'],
      ['POST', '/v2.1/flavors', 'okeanid-central flavor add'],
      ['POST', '/v3/projects', 'okeanid-central project add'],
      ['PATCH', '/image/v2/images/7', 'okeanid-central image'],
    ] as const
    for (const [method, url, instead] of cases) {
      const type = method === 'PATCH' ? patch : 'application/json'
      const body = method === 'GET' ? {} : { payload: '[]' }
      const sent = { ...headers, ...(method !== 'GET' && { 'content-type': type }) }
      const answer = await app.inject({ method, url, headers: sent, ...body })
      t.equal(answer.statusCode, 501, url)
      t.match(answer.body, instead, url)
      if (url.startsWith('/network')) {
        t.match(answer.json(), { NeutronError: { type: 'NotImplemented' } })
      }
    }
  },
)
