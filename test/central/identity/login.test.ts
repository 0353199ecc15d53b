import t, { type Test } from 'tap'
import { hashPassword } from '#central/identity/passwords.js'
import { assignRole, createProject, createUser, enableUser } from '#central/identity/users.js'
import { openCentralApp, startMs } from '../../support/central-app.js'

const password = 'correct horse'

t.test('logins by v3', async (t) => {
  const { logIn, names, central } = await cloud(t)
  const domain = { id: 'default' }
  const user = { name: 'ann', domain, password }
  const by = (user: object, scope?: unknown) =>
    logIn({ auth: { identity: { methods: ['password'], password: { user } }, scope } })

  t.test('without a scope it is of the default project', async (t) => {
    const { status, body, token } = await by(user)
    t.equal(status, 201)
    t.match(token, /^[\w-]{43}$/)
    t.match(body.token, {
      methods: ['password'],
      user: { name: 'ann', domain: { id: 'default', name: 'Default' } },
      project: { name: 'ocean', domain: { id: 'default' } },
      roles: [{ name: 'member' }],
      issued_at: '2026-11-30T20:00:00.000000Z',
      expires_at: '2026-12-01T20:00:00.000000Z',
      is_domain: false,
    })
    t.match(
      body.token.catalog.map(({ type }: { type: string }) => type),
      ['identity', 'compute', 'network', 'image'],
    )
  })

  const scopes = [
    { what: 'a project by name', scope: { project: { name: 'sea', domain } }, project: 'sea' },
    { what: 'a project by id', scope: { project: { id: names['sea'] } }, project: 'sea' },
    { what: 'none', scope: 'unscoped', project: undefined },
    { what: 'none, as an object', scope: { unscoped: {} }, project: undefined },
  ]
  for (const { what, scope, project } of scopes) {
    t.test(`scope: ${what}`, async (t) => {
      const { status, body } = await by(user, scope)
      t.equal(status, 201)
      t.equal(body.token.project?.name, project)
    })
  }

  const refused = [
    { what: 'a wrong password', user: { ...user, password: 'x' } },
    { what: 'a name that there is not', user: { ...user, name: 'bob' } },
    { what: 'another domain', user: { ...user, domain: { name: 'moon' } } },
    { what: 'a project of others', user, scope: { project: { name: 'moon', domain } } },
    { what: 'a domain as scope', user, scope: { domain } },
    { what: 'the system as scope', user, scope: { system: { all: true } } },
  ]
  for (const { what, user, scope } of refused) {
    t.test(`${what} is 401`, async (t) => {
      const { status, body } = await by(user, scope)
      t.match({ status, body }, { status: 401, body: { error: { code: 401 } } })
    })
  }

  t.test('a token gets one of another project, which ends with it', async (t) => {
    const first = await by(user)
    central.setNow(startMs + 3_600_000)
    const scope = { project: { name: 'sea', domain } }
    const identity = { methods: ['token'], token: { id: first.token } }
    const second = await logIn({ auth: { identity, scope } })
    central.setNow(startMs)
    t.match(second.body.token, {
      project: { name: 'sea' },
      expires_at: first.body.token.expires_at,
    })
  })

  t.test('a token is shown, and ends', async (t) => {
    const { token = '' } = await by(user)
    const headers = { 'x-auth-token': token, 'x-subject-token': token }
    const request = { url: '/v3/auth/tokens', headers }
    t.match((await central.app.inject(request)).json(), { token: { user: { name: 'ann' } } })
    t.equal((await central.app.inject({ ...request, method: 'DELETE' })).statusCode, 204)
    t.equal((await central.app.inject(request)).statusCode, 401)
  })

  t.test('a token ends when its time is over, and when its user is kept out', async (t) => {
    const { token = '' } = await by(user)
    const headers = { 'x-auth-token': token }
    const status = async () =>
      (await central.app.inject({ url: '/v3/auth/projects', headers })).statusCode
    t.equal(await status(), 200)
    central.setNow(startMs + 24 * 3_600_000)
    t.equal(await status(), 401)
    central.setNow(startMs)
    const userId = names['ann'] ?? ''
    await central.store.write((tx) => enableUser(tx, { userId, isEnabled: false }))
    t.equal(await status(), 401)
    t.equal((await by(user)).status, 401)
  })

  t.test('neither log nor store has a password or a token', async (t) => {
    const rows = await central.store.read.selectFrom('tokens').selectAll().execute()
    const users = await central.store.read.selectFrom('users').selectAll().execute()
    const all = JSON.stringify([rows, users, central.logged])
    t.notMatch(all, password)
  })
})

t.test('a login by v2.0', async (t) => {
  const { central, names } = await cloud(t)
  const auth = { passwordCredentials: { username: 'ann', password }, tenantName: 'sea' }
  const payload = { auth }
  const { access } = (
    await central.app.inject({ method: 'POST', url: '/v2.0/tokens', payload })
  ).json()
  t.match(access, {
    token: { id: /^[\w-]{43}$/, tenant: { id: names['sea'], name: 'sea' } },
    user: { name: 'ann', roles: [{ name: 'member' }] },
  })
  t.equal(
    access.serviceCatalog.find(({ type }: { type: string }) => type === 'compute').endpoints[0]
      .publicURL,
    'http://cloud.example.org/compute/v2.1',
  )
})

t.test('guessing', async (t) => {
  const { logIn, central } = await cloud(t)
  const guess = (password: string, address: string) =>
    logIn(
      {
        auth: {
          identity: { methods: ['password'], password: { user: { name: 'ann', password } } },
        },
      },
      address,
    )
  t.equal((await guess(password, '10.0.0.2')).status, 201)
  for (let count = 0; count < 10; count += 1) {
    t.equal((await guess('wrong', '10.0.0.1')).status, 401)
  }

  t.test('is refused for a while, also with the right password', async (t) => {
    const { status, headers } = await guess(password, '10.0.0.1')
    t.equal(status, 429)
    t.match(headers['retry-after'], /^\d+$/)
  })

  t.test('locks out nobody else', async (t) => {
    t.equal((await guess(password, '10.0.0.2')).status, 201)
  })

  t.test('may go on when its time is over', async (t) => {
    central.setNow(startMs + 5 * 60_000)
    t.equal((await guess(password, '10.0.0.1')).status, 201)
  })
})

async function cloud(t: Test) {
  const central = await openCentralApp(t)
  const passwordHash = await hashPassword(password)
  const nowMs = startMs
  const names: Record<string, string> = {}
  await central.store.write(async (tx) => {
    for (const name of ['ocean', 'sea', 'moon'])
      names[name] = await createProject(tx, { name, nowMs })
    const defaultProjectId = names['ocean'] ?? ''
    const userId = await createUser(tx, { name: 'ann', passwordHash, defaultProjectId, nowMs })
    names['ann'] = userId
    for (const name of ['ocean', 'sea']) {
      await assignRole(tx, { userId, projectId: names[name] ?? '', role: 'member' })
    }
  })
  const logIn = async (payload: object, remoteAddress = '10.9.9.9') => {
    const answer = await central.app.inject({
      method: 'POST',
      url: '/identity/v3/auth/tokens',
      payload,
      remoteAddress,
    })
    const { headers } = answer
    const token = headers['x-subject-token']
    return {
      status: answer.statusCode,
      body: answer.json(),
      headers,
      token: typeof token === 'string' ? token : undefined,
    }
  }
  return { central, names, logIn }
}
