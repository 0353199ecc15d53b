import { readFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { openApiText } from '#central/api/document.js'
import { ensurePools } from '#central/network/pools.js'
import {
  type CentralApp,
  type Entered,
  openCentralApp,
  startMs,
} from '../../support/central-app.js'
import { image, large, seedCloud, small, urlImage } from '../../support/cloud.js'

const net = '/network/v2.0'

const publicKey = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'N'.repeat(43)} annsown`

/** A route of the document. */
interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly isOpen: boolean
  /** It answers 501 whoever asks and whatever is there. */
  readonly isMissing: boolean
}

const kept = readFileSync(path.join(import.meta.dirname, '../../../../docs/openapi.json'), 'utf8')

// the stream that never ends has a test of its own: test/central/events/route.test.ts
const routes = routesOf(JSON.parse(kept)).filter((route) => route.path !== '/events')

/** A mark on all that is ann's. */
const mark = 'annsown'

t.test('the document that is kept is that of this version (npm run openapi)', async (t) => {
  t.equal(await openApiText(), kept)
})

t.test('the document that is served is the one that is kept', async (t) => {
  const { app } = await openCentralApp(t)
  const { paths } = (await app.inject({ url: '/openapi.json' })).json()
  t.same(Object.keys(paths).sort(), Object.keys(JSON.parse(kept).paths).sort())
})

t.test('every route', async (t) => {
  const { central, ann } = await cloud(t)
  for (const route of routes) {
    t.test(`${name(route)} does something, or is 501`, async (t) => {
      const { statusCode, body } = await call(central, ann, route)
      t.ok(statusCode < 300 || [403, 404, 409, 501].includes(statusCode), `${statusCode}: ${body}`)
      if (statusCode === 200 || statusCode === 501) t.not(body, '')
      if (route.isMissing) t.ok([403, 501].includes(statusCode), `${statusCode}: ${body}`)
      if (statusCode === 404) t.ok(takesWhatIsGone.has(name(route)), `${name(route)}: ${body}`)
    })
  }
})

t.test('without a token every route that is not for anyone is 401', async (t) => {
  const { central } = await cloud(t)
  for (const route of routes.filter(({ isOpen }) => !isOpen)) {
    const { statusCode } = await call(central, undefined, route)
    t.equal(statusCode, 401, name(route))
  }
})

t.test('a stranger', async (t) => {
  const { central, ann } = await cloud(t)
  const bob = await central.enter('bob')
  const before = await everythingOf(central, ann)
  for (const route of routes) {
    t.test(`sees and changes nothing by ${name(route)}`, async (t) => {
      const { statusCode, body } = await call(central, bob, route, ann)
      t.notMatch(body, mark)
      t.ok(statusCode < 500 || statusCode === 501, `${statusCode}: ${body}`)
      const isOwned =
        /\/(servers|os-quota-sets|projects|users|os-interface|networks|subnets|ports|floatingips|quotas)\/\{/.test(
          route.path,
        )
      const refusals = route.isMissing ? [403, 501] : [403, 404]
      if (isOwned) t.ok(refusals.includes(statusCode), `${statusCode}: ${body}`)
    })
  }
  t.test('and everything is as it was', async (t) => {
    t.same(await everythingOf(central, ann), before)
  })
})

/** Routes whose object went in the walk before they came. */
const takesWhatIsGone = new Set([
  'DELETE /compute/v2.1/os-keypairs/{name}',
  'GET /compute/v2.1/servers/{id}/os-interface/{port}',
  'DELETE /compute/v2.1/servers/{id}/os-interface/{port}',
  'DELETE /compute/v2.1/servers/{id}/metadata/{key}',
  'GET /compute/v2.1/servers/{id}/ips/{network}',
  'GET /params/{secret}',
  'DELETE /identity/v3/auth/tokens',
])

/** What a route wants to be told. */
const bodies: Readonly<Record<string, object>> = {
  'POST /compute/v2.1/servers': {
    server: { name: 'another', flavorRef: small, imageRef: image, networks: 'none' },
  },
  'PUT /compute/v2.1/servers/{id}': { server: { name: 'renamed' } },
  'POST /compute/v2.1/servers/{id}/action': { reboot: { type: 'SOFT' } },
  'POST /compute/v2.1/servers/{id}/remote-consoles': {
    remote_console: { protocol: 'vnc', type: 'novnc' },
  },
  'POST /compute/v2.1/servers/{id}/metadata': { metadata: { a: 'b' } },
  'PUT /compute/v2.1/servers/{id}/metadata': { metadata: { key: 'b' } },
  'PUT /compute/v2.1/servers/{id}/metadata/{key}': { meta: { key: 'b' } },
  'POST /compute/v2.1/servers/{id}/os-interface': { interfaceAttachment: { net_id: '1' } },
  'POST /compute/v2.1/os-keypairs': { keypair: { name: 'made' } },
  'PUT /compute/v2.1/os-quota-sets/{project}': { quota_set: { instances: 99 } },
  'POST /compute/v2.1/networks': { network: { name: 'made' } },
  'PUT /compute/v2.1/networks/{id}': { network: { name: 'renamed' } },
  'POST /compute/v2.1/networks/{id}/action': { add: { serverRef: 1 } },
  'POST /network/v2.0/networks': { network: { name: 'made' } },
  'PUT /network/v2.0/networks/{id}': { network: { name: 'renamed' } },
  'POST /network/v2.0/subnets': { subnet: { network_id: '1', cidr: 'fd00::/64', ip_version: 6 } },
  'PUT /network/v2.0/subnets/{id}': { subnet: { name: 'renamed' } },
  'POST /network/v2.0/ports': { port: { network_id: '1' } },
  'PUT /network/v2.0/ports/{id}': { port: { name: 'renamed' } },
  'POST /network/v2.0/floatingips': { floatingip: { floating_network_id: '2' } },
  'PUT /network/v2.0/floatingips/{id}': { floatingip: { port_id: null } },
  'PUT /network/v2.0/quotas/{project}': { quota: { network: 99 } },
  'POST /identity/v2.0/tokens': { auth: { token: { id: 'TOKEN' } } },
  'POST /identity/v3/auth/tokens': {
    auth: { identity: { methods: ['token'], token: { id: 'TOKEN' } } },
  },
}

async function call(
  { app }: CentralApp,
  who: Entered | undefined,
  route: Route,
  owner: Entered | undefined = who,
) {
  const ids: Readonly<Record<string, string>> = {
    alias: route.path.startsWith(net) ? 'router' : 'SNF',
    name: 'laptop',
    key: 'key',
    request: 'req-3',
    port: '1',
    network: `${mark}-network`,
    secret: 'A'.repeat(43),
    project: owner?.projectId ?? 'none',
  }
  const idOf = (parameter: string, before: string) => {
    if (parameter !== 'id') return ids[parameter] ?? '1'
    if (before.endsWith('/flavors/')) return large
    if (before.endsWith('/images/')) return urlImage
    if (before.endsWith('/projects/')) return owner?.projectId ?? 'none'
    if (before.endsWith('/users/')) return owner?.userId ?? 'none'
    return before.endsWith('/domains/') ? 'default' : '1'
  }
  const url = route.path.replace(/\{(\w+)\}/g, (_, parameter: string, at: number) =>
    idOf(parameter, route.path.slice(0, at)),
  )
  const text = JSON.stringify(bodies[name(route)] ?? {}).replace('TOKEN', who?.token ?? '')
  const headers = {
    ...(who && { 'x-auth-token': who.token, 'x-subject-token': owner?.token ?? '' }),
    ...(route.method !== 'GET' && route.method !== 'DELETE' && json),
  }
  const payload = 'content-type' in headers ? { payload: text } : {}
  const request = { method: route.method, url, headers, ...payload }
  if (route.path !== '/events') return await app.inject(request)
  // this answer has no end: that it begins is enough here
  const answer = await app.inject({ ...request, payloadAsStream: true })
  if (answer.statusCode === 200) answer.stream().destroy()
  return { statusCode: answer.statusCode, body: '-' }
}

const json = { 'content-type': 'application/json' }

function name({ method, path }: Route): string {
  return `${method} ${path}`
}

/** Those that delete come last, and the one that ends the token that all bear comes after all. */
function routesOf({
  paths,
}: {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { security?: readonly unknown[]; responses: object }>>>
  >
}): readonly Route[] {
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security, responses }]) => ({
      method: method.toUpperCase() as Route['method'],
      path,
      isOpen: security?.length === 0,
      isMissing: Object.keys(responses).join() === '501',
    })),
  )
  const place = ({ method, path }: Route) =>
    method !== 'DELETE' ? 0 : path === '/identity/v3/auth/tokens' ? 2 : 1
  return all.sort((a, b) => place(a) - place(b))
}

/** A cloud in which everything is ann's, and has her mark. */
async function cloud(t: Test) {
  const central = await openCentralApp(t)
  await central.store.write((tx) => seedCloud(tx, startMs))
  const ann = await central.enter(mark)
  const headers = { 'x-auth-token': ann.token }
  await ensurePools(central.store, central.context.config)
  const networks = [{ uuid: '1' }]
  const server = { name: `${mark}-server`, flavorRef: small, imageRef: image, networks }
  const subnet = { network_id: '1', cidr: '192.0.2.0/28', name: `${mark}-subnet` }
  const metadata = { key: `${mark}-note` }
  for (const [url, payload] of [
    ['/v2.1/os-keypairs', { keypair: { name: 'laptop', public_key: publicKey } }],
    [`${net}/networks`, { network: { name: `${mark}-network` } }],
    [`${net}/subnets`, { subnet }],
    ['/v2.1/servers', { server: { ...server, metadata } }],
    [`${net}/ports`, { port: { network_id: '1', name: `${mark}-port` } }],
  ] as const) {
    const { statusCode, body } = await central.app.inject({ method: 'POST', url, headers, payload })
    t.ok(statusCode < 300, `${url}: ${statusCode} ${body}`)
  }
  await seedFloating(central, ann)
  await central.store.write((tx) =>
    tx
      .updateTable('servers')
      .set({ power: 'STARTED', op_power: 'STARTED', task: null, task_intent_id: null })
      .execute(),
  )
  return { central, ann }
}

/** A pool of floating addresses, network 2, of which ann has one. */
async function seedFloating(central: CentralApp, { token }: Entered) {
  const root = await central.enter('root', 'admin')
  const external = { network: { name: 'public', 'router:external': true, type: 'IP_LESS_ROUTED' } }
  const subnet = { subnet: { network_id: '2', cidr: '198.51.100.0/24' } }
  for (const [who, url, payload] of [
    [root.token, `${net}/networks`, external],
    [root.token, `${net}/subnets`, subnet],
    [token, `${net}/floatingips`, { floatingip: { floating_network_id: '2' } }],
  ] as const) {
    const headers = { 'x-auth-token': who }
    await central.app.inject({ method: 'POST', url, headers, payload })
  }
}

/** Rows that are a project's, or about its servers. */
async function everythingOf({ store }: CentralApp, { projectId, userId }: Entered) {
  const { read } = store
  const servers = await read
    .selectFrom('servers')
    .selectAll()
    .where('project_id', '=', projectId)
    .execute()
  const ids = servers.map(({ id }) => id)
  return {
    servers,
    metadata: await read
      .selectFrom('server_metadata')
      .selectAll()
      .where('server_id', 'in', ids)
      .execute(),
    intents: await read.selectFrom('intents').selectAll().where('server_id', 'in', ids).execute(),
    networks: await read
      .selectFrom('networks')
      .selectAll()
      .where('project_id', '=', projectId)
      .execute(),
    subnets: await read.selectFrom('subnets').selectAll().where('network_id', '=', 1).execute(),
    ports: await read.selectFrom('ports').selectAll().where('project_id', '=', projectId).execute(),
    addresses: await read.selectFrom('addresses').selectAll().where('network_id', '=', 1).execute(),
    floating: await read
      .selectFrom('floating_ips')
      .selectAll()
      .where('project_id', '=', projectId)
      .execute(),
    keypairs: await read.selectFrom('keypairs').selectAll().where('user_id', '=', userId).execute(),
    quotas: await read
      .selectFrom('quotas')
      .selectAll()
      .where('project_id', '=', projectId)
      .execute(),
    tokens: await read.selectFrom('tokens').selectAll().where('user_id', '=', userId).execute(),
    events: await read
      .selectFrom('events')
      .selectAll()
      .where('project_id', '=', projectId)
      .execute(),
    consoles: await read.selectFrom('consoles').selectAll().execute(),
  }
}
