import t from 'tap'
import { openCentralApp } from '../../support/central-app.js'

t.test('what every answer has', async (t) => {
  const { app, enter, logged } = await openCentralApp(t)
  const { token } = await enter('ann')
  const auth = { 'x-auth-token': token }

  t.test('an id of the request, by two names at the compute API', async (t) => {
    const { headers } = await app.inject({ url: '/v2.1' })
    t.match(headers['x-openstack-request-id'], /^req-[\da-f-]{36}$/)
    t.equal(headers['x-compute-request-id'], headers['x-openstack-request-id'])
  })

  t.test('without a token 401, with the way to one', async (t) => {
    const answer = await app.inject({ url: '/identity/v3/projects' })
    t.equal(answer.statusCode, 401)
    t.equal(answer.headers['www-authenticate'], 'Keystone uri="http://cloud.example.org/identity"')
    t.match(answer.json(), { error: { code: 401, title: 'Unauthorized' } })
  })

  for (const bad of ['x', 'a'.repeat(43), 'é', '"; DROP TABLE tokens', 'a'.repeat(4000)]) {
    t.test(`a token that is none is 401: ${bad.slice(0, 44)}`, async (t) => {
      const headers = { 'x-auth-token': bad }
      const answer = await app.inject({ url: '/identity/v3/projects', headers })
      t.equal(answer.statusCode, 401)
    })
  }

  t.test('an address that there is not: 404', async (t) => {
    const answer = await app.inject({ url: '/v2.1/nothing', headers: auth })
    t.equal(answer.statusCode, 404)
    t.match(answer.json(), { itemNotFound: { code: 404 } })
  })

  t.test('a method that is not done there: 405, with those that are', async (t) => {
    const answer = await app.inject({ method: 'PATCH', url: '/v3/auth/tokens', headers: auth })
    t.equal(answer.statusCode, 405)
    t.equal(answer.headers['allow'], 'DELETE, GET, HEAD, POST')
    t.match(answer.json(), { error: { code: 405 } })
  })

  t.test('a body that is not JSON: 415 for its type, 400 for its text', async (t) => {
    const login = { method: 'POST', url: '/v3/auth/tokens' } as const
    const xml = { 'content-type': 'application/xml' }
    t.equal((await app.inject({ ...login, headers: xml, payload: '<auth/>' })).statusCode, 415)
    const json = { 'content-type': 'application/json' }
    const broken = await app.inject({ ...login, headers: json, payload: '{"auth": "s3cret' })
    t.equal(broken.statusCode, 400)
    t.notMatch(broken.body, 's3cret')
    const poison = '{"__proto__": {"auth": {}}, "auth": {}}'
    t.equal((await app.inject({ ...login, headers: json, payload: poison })).statusCode, 400)
  })

  t.test('a body that is too long: 413', async (t) => {
    const payload = { auth: 'x'.repeat(1024 * 1024) }
    const answer = await app.inject({ method: 'POST', url: '/v3/auth/tokens', payload })
    t.equal(answer.statusCode, 413)
  })

  t.test("the project in an address is the token's, or the request is refused", async (t) => {
    const url = `/v2.1/${'0'.repeat(32)}/servers`
    t.equal((await app.inject({ url, headers: auth })).statusCode, 400)
  })

  t.test('no token gets into the log', (t) => {
    t.notMatch(logged.join('\n'), token)
    t.end()
  })
})

t.test('microversions', async (t) => {
  const { app } = await openCentralApp(t)
  const cases = [
    { asks: {}, status: 200, says: 'compute 2.1' },
    { asks: { 'openstack-api-version': 'compute 2.6' }, status: 200, says: 'compute 2.6' },
    { asks: { 'openstack-api-version': 'volume 3.1' }, status: 200, says: 'compute 2.1' },
    { asks: { 'openstack-api-version': 'compute latest' }, status: 200, says: 'compute 2.6' },
    { asks: { 'x-openstack-nova-api-version': '2.3' }, status: 200, says: 'compute 2.3' },
    { asks: { 'openstack-api-version': 'compute 2.95' }, status: 406, says: undefined },
    { asks: { 'openstack-api-version': 'compute 3.0' }, status: 406, says: undefined },
    { asks: { 'openstack-api-version': 'compute two' }, status: 400, says: undefined },
  ]
  for (const { asks, status, says } of cases) {
    t.test(`${JSON.stringify(asks)} gets ${status}`, async (t) => {
      const answer = await app.inject({ url: '/v2.1', headers: asks })
      t.equal(answer.statusCode, status)
      t.equal(answer.headers['openstack-api-version'], says)
    })
  }

  t.test('are not known to /v2', async (t) => {
    const headers = { 'openstack-api-version': 'compute 2.95' }
    t.equal((await app.inject({ url: '/v2', headers })).statusCode, 200)
  })
})

t.test('documents of discovery', async (t) => {
  const { app } = await openCentralApp(t)
  const host = 'http://cloud.example.org'
  for (const [url, expected] of [
    ['/v2.1/', { version: { id: 'v2.1', min_version: '2.1', version: '2.6' } }],
    ['/v2', { version: { id: 'v2.0', version: '' } }],
    ['/v1.1', { version: { id: 'v2.0' } }],
    ['/identity', { versions: { values: [{ id: 'v3.14' }] } }],
    ['/v3', { version: { links: [{ href: `${host}/identity/v3/` }] } }],
    ['/network', { versions: [{ links: [{ href: `${host}/network/v2.0/` }] }] }],
    ['/image', { versions: [{ links: [{ href: `${host}/image/v2/` }] }] }],
  ] as const) {
    t.test(url, async (t) => t.match((await app.inject({ url })).json(), expected))
  }

  t.test('without a configured address they name the one that was used', async (t) => {
    const { app } = await openCentralApp(t, { server: { public_url: '' } })
    const of = async (host: string) =>
      (await app.inject({ url: '/v3', headers: { host } })).json().version.links[0].href
    t.equal(await of('10.0.0.1:8774'), 'http://10.0.0.1:8774/identity/v3/')
    t.equal(await of('a"><script>'), 'http://localhost/identity/v3/')
  })
})
