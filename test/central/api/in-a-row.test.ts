import t from 'tap'
import { ensurePools } from '#central/network/pools.js'
import { openCentralApp, startMs } from '../../support/central-app.js'
import { image, seedCloud, small } from '../../support/cloud.js'
import { openFakeGaneti } from '../../support/fake-ganeti.js'

const servers = '/compute/v2.1/servers'

t.test('what is asked for in a row is done in that order, without waiting', async (t) => {
  const { central, ganeti, call } = await cloud()
  for (const id of [1, 2]) {
    await call('POST', '/v2.0/networks', { network: { name: `net-${id}` } })
    const subnet = { network_id: String(id), cidr: `10.${id}.0.0/24`, ip_version: 4 }
    await call('POST', '/v2.0/subnets', { subnet })
  }
  const server = { name: 'web', flavorRef: small, imageRef: image, networks: 'none' }
  await call('POST', servers, { server })
  await ganeti.settle()
  const state = async () => (await call('GET', `${servers}/1`)).body.server
  const attach = (net_id: string) =>
    call('POST', `${servers}/1/os-interface`, { interfaceAttachment: { net_id } })
  t.equal((await attach('1')).status, 200)
  t.match(await state(), { 'OS-EXT-STS:task_state': 'networking' })
  t.equal((await attach('2')).status, 200)
  t.equal((await call('DELETE', `${servers}/1/os-interface/1`)).status, 202)
  const stop = await call('POST', `${servers}/1/action`, { 'os-stop': null })
  t.equal(stop.status, 202)
  t.match(await state(), { 'OS-EXT-STS:task_state': 'powering-off' })
  const start = await call('POST', `${servers}/1/action`, { 'os-start': null })
  t.equal(start.status, 409, 'a stop stands in the way')
  await ganeti.settle()
  const end = await state()
  t.match(end, { status: 'SHUTOFF', 'OS-EXT-STS:task_state': null })
  t.same(Object.keys(end.addresses), ['net-2'])
  const told = ganeti.asked.filter((one) => one.startsWith('PUT /2/instances'))
  const [modify, shutdown] = ['modify', 'shutdown'].map((verb) => `PUT /2/instances/snf-1/${verb}`)
  t.same(told, [modify, modify, modify, shutdown])
  const intents = await central.store.read.selectFrom('intents').select('status').execute()
  t.ok(intents.every(({ status }) => status === 'done'))

  t.test('several servers of one request are made, or none', async (t) => {
    const many = { ...server, name: 'many', networks: [{ uuid: '2' }], min_count: 2, max_count: 3 }
    const made = await call('POST', servers, { server: many })
    t.match(made, { status: 202, body: { server: { id: '2', name: 'many-1' } } })
    await ganeti.settle()
    const names = async () => {
      const { body } = await call('GET', `${servers}?name=many`)
      return body.servers.map(({ name }: { name: string }) => name).sort()
    }
    t.same(await names(), ['many-1', 'many-2', 'many-3'])
    const tooMany = { ...many, min_count: 1, max_count: 30 }
    t.equal((await call('POST', servers, { server: tooMany })).status, 403, 'the quota')
    const wrong = { ...many, min_count: 3, max_count: 2 }
    t.equal((await call('POST', servers, { server: wrong })).status, 400)
    t.equal((await names()).length, 3)
  })

  async function cloud() {
    const central = await openCentralApp(t)
    const { app, store, context } = central
    await store.write((tx) => seedCloud(tx, startMs))
    await ensurePools(store, context.config)
    const { token } = await central.enter('ann')
    const call = async (method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) => {
      const headers = { 'x-auth-token': token }
      const answer = await app.inject({ method, url, headers, ...(payload && { payload }) })
      return { status: answer.statusCode, body: answer.body === '' ? {} : answer.json() }
    }
    return { central, ganeti: openFakeGaneti(central), call }
  }
})
