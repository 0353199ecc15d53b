import t, { type Test } from 'tap'
import { defaultCentralConfig } from '#central/config/central-config.js'
import { keystoneTokens } from '#central/identity/keystone.js'
import { openCentralApp, startMs } from '../../support/central-app.js'
import { playKeystone } from '../../support/played-keystone.js'
import { until } from '../../support/until.js'

const servers = '/compute/v2.1/servers'

/** An API that believes a played Keystone, and a clock. */
async function cloud(t: Test, { timeoutMs = 30_000 } = {}) {
  let aheadMs = 0
  const nowMs = () => startMs + aheadMs
  const keystone = await playKeystone({ nowMs })
  t.teardown(() => keystone.close())
  const config = defaultCentralConfig()
  const identity = {
    ...config.identity,
    keystone_url: keystone.url,
    keystone_timeout: { ...config.identity.keystone_timeout, ms: timeoutMs },
  }
  const central = await openCentralApp(t, { changes: { config: { ...config, identity }, nowMs } })
  const status = async (token: string, url = servers) => {
    const answer = await central.app.inject({ url, headers: { 'x-auth-token': token } })
    return answer.statusCode
  }
  const add = (token: string, roles: readonly string[], projectId: string | undefined = 'sea') => {
    keystone.tokens.set(token, { projectId, roles, expiresMs: startMs + 3_600_000 })
  }
  const pass = (ms: number) => {
    aheadMs += ms
  }
  return { keystone, central, status, add, pass }
}

t.test('who may do what with a token of an external Keystone', async (t) => {
  const { keystone, status, add, central } = await cloud(t)
  add('of-member', ['member', 'reader'])
  add('of-old-member', ['_member_'])
  add('of-admin', ['admin'])
  add('of-reader', ['reader'])
  add('of-nobody', [])
  keystone.tokens.set('unscoped', { roles: [], expiresMs: startMs + 3_600_000 })
  keystone.tokens.set('ended', {
    ...{ projectId: 'sea', roles: ['member'], expiresMs: startMs - 1000 },
  })
  const cases = [
    ['of-member', 200, 403],
    ['of-old-member', 200, 403],
    ['of-admin', 200, 200],
    ['of-reader', 403, 403],
    ['of-nobody', 403, 403],
    ['unscoped', 403, 403],
    ['ended', 401, 401],
    ['made-up', 401, 401],
    ['with a blank', 401, 401],
    ['x'.repeat(2049), 401, 401],
  ] as const
  for (const [token, expected, ofAll] of cases) {
    t.test(`${token.slice(0, 20)}: ${expected}`, async (t) => {
      t.equal(await status(token), expected)
      t.equal(await status(token, `${servers}?all_tenants=1`), ofAll)
    })
  }
  t.test('ours are good beside it, and not shown to it', async (t) => {
    const before = keystone.askedCount()
    t.equal(await status((await central.enter('ann')).token), 200)
    t.equal(keystone.askedCount(), before)
  })
})

t.test('an answer is believed for a minute, and not longer', async (t) => {
  const { keystone, status, add, pass } = await cloud(t)
  add('valid', ['member'])
  t.equal(await status('valid'), 200)
  keystone.tokens.delete('valid')
  pass(59_000)
  t.equal(await status('valid'), 200, 'revoked there, and not yet known here')
  t.equal(keystone.askedCount(), 1)
  pass(2000)
  t.equal(await status('valid'), 401)
  t.test('a token that ends meanwhile is not good any more', async (t) => {
    keystone.tokens.set('short', {
      ...{ projectId: 'sea', roles: ['member'], expiresMs: startMs + 90_000 },
    })
    t.equal(await status('short'), 200)
    pass(40_000)
    t.equal(await status('short'), 401)
  })
})

t.test('a Keystone that does not answer as it should', async (t) => {
  const { keystone, status, add, central } = await cloud(t, { timeoutMs: 300 })
  const { token } = await central.enter('ann')
  for (const mood of ['broken', 'nonsense', 'endless', 'hanging'] as const) {
    t.test(`${mood}: 503, and nobody else suffers`, async (t) => {
      keystone.setMood(mood)
      t.equal(await status(`of-${mood}`), 503)
      t.equal(await status(token), 200)
    })
  }
  t.test('is asked again as soon as it answers', async (t) => {
    keystone.setMood('well')
    for (const mood of ['broken', 'hanging']) add(`of-${mood}`, ['member'])
    t.equal(await status('of-hanging'), 200)
    t.equal(await status('of-broken'), 200)
  })
  t.test('is away: 503, with no word of it but in the log', async (t) => {
    await keystone.close()
    const answer = await central.app.inject({ url: servers, headers: { 'x-auth-token': 'new' } })
    t.equal(answer.statusCode, 503)
    t.notMatch(answer.body, /127\.0\.0\.1/)
    t.match(central.logged.join('\n'), /keystone-does-not-answer .*ECONNREFUSED/)
  })
})

t.test('who makes up tokens does not flood it', async (t) => {
  const { keystone, status } = await cloud(t)
  keystone.setMood('hanging')
  const answers = Array.from({ length: 200 }, (_, index) => status(`t${index}`))
  await until('it to be asked', () => (keystone.askedCount() >= 50 ? true : undefined))
  let refused = 0
  for (const answer of answers) {
    void answer.then(() => {
      refused += 1
    })
  }
  await until('all others to be refused', () => (refused >= 150 ? true : undefined))
  await keystone.close()
  t.same([...new Set(await Promise.all(answers))], [503])
  t.equal(keystone.askedCount(), 50)
  t.equal(keystone.peakCount(), 50)
})

t.test('of more answers than are kept, what was asked first is forgotten first', async (t) => {
  const nowMs = () => startMs
  const keystone = await playKeystone({ nowMs })
  t.teardown(() => keystone.close())
  for (const token of ['a', 'b', 'c']) {
    keystone.tokens.set(token, {
      ...{ projectId: 'sea', roles: ['member'], expiresMs: startMs + 3_600_000 },
    })
  }
  const { authenticate } = keystoneTokens({
    ...{ url: keystone.url, ca: undefined, timeoutMs: 30_000, nowMs },
    ...{ cacheMs: 60_000, cacheCount: 2, adminRole: 'admin', memberRoles: ['member'] },
  })
  const asked: string[] = []
  for (const token of ['a', 'b', 'a', 'c', 'b', 'a', 'c', 'b']) {
    const before = keystone.askedCount()
    t.match(await authenticate(token), { roles: ['member'] })
    if (keystone.askedCount() > before) asked.push(token)
  }
  // c sends a away; a, when it comes back, b; and b c
  t.same(asked, ['a', 'b', 'c', 'a', 'b'])
  t.test('also where it is refused: tokens that are made up fill no memory', async (t) => {
    for (const token of ['x', 'y', 'z']) t.equal(await authenticate(token), undefined)
    const before = keystone.askedCount()
    for (const token of ['z', 'y']) t.equal(await authenticate(token), undefined)
    t.equal(keystone.askedCount(), before)
    await authenticate('x')
    t.equal(keystone.askedCount(), before + 1)
  })
})
