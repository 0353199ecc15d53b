import t, { type Test } from 'tap'
import { settleIntents } from '#central/effect/settle-intents.js'
import type { RapiRequest } from '#central/intent/rapi-request.js'
import { takeMessages } from '#central/update/take-messages.js'
import {
  type CentralApp,
  type Entered,
  openCentralApp,
  startMs,
} from '../../support/central-app.js'
import { image, large, seedCloud, small, urlImage } from '../../support/cloud.js'

const servers = '/compute/v2.1/servers'

t.test('a server is made', async (t) => {
  const { central, ann, call } = await cloud(t)
  const key =
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ9mN5mN5mN5mN5mN5mN5mN5mN5mN5mN5mN5mN5mN5mN ännchen'
  const keyBody = { keypair: { name: 'laptop', public_key: key } }
  t.equal((await call(ann, 'POST', '/v2.1/os-keypairs', keyBody)).status, 200)
  const made = await call(ann, 'POST', servers, {
    server: {
      name: 'Web Sérver',
      flavorRef: small,
      imageRef: `http://cloud.example.org/images/${image}`,
      key_name: 'laptop',
      metadata: { role: 'web' },
      user_data: Buffer.from('#cloud-config').toString('base64'),
      personality: [{ path: '/etc/motd', contents: 'aGk=' }],
      networks: 'none',
    },
  })

  t.test('202, with a password and an address', (t) => {
    t.equal(made.status, 202)
    t.match(made.body.server.adminPass, /^[a-zA-Z2-9]{16}$/)
    t.match(made.body.server.links[0].href, `http://cloud.example.org${servers}/1`)
    t.end()
  })

  t.test('Ganeti is told, with its texts in their places', async (t) => {
    const [request] = await requests(central)
    t.match(request, {
      method: 'POST',
      path: '/2/instances',
      body: {
        name: 'snf-1',
        os_type: 'snf-image+default',
        osparams: { img_id: 'debian.raw', name: 'web-se-rver' },
        osparams_secret: {
          img_passwd: made.body.server.adminPass,
          keys: /^ssh-ed25519 AAAA\S+ nnchen$/,
          data: 'I2Nsb3VkLWNvbmZpZw==',
        },
        disk_template: 'plain',
        disks: [{ size: 10 * 1024 }],
        beparams: { vcpus: 1, maxmem: 1024 },
      },
    })
    t.ok(central.wakes() > 0)
  })

  t.test('its parameters can be fetched once', async (t) => {
    const [request] = await requests(central)
    const body = request?.body as { osparams: { config_url: string } } | undefined
    const url = new URL(body?.osparams.config_url ?? '')
    const first = await central.app.inject({ url: url.pathname })
    t.match(first.json(), {
      img_passwd: made.body.server.adminPass,
      img_id: 'debian.raw',
      cloud_userdata: 'I2Nsb3VkLWNvbmZpZw==',
      img_personality: '[{"path":"/etc/motd","contents":"aGk="}]',
    })
    t.equal((await central.app.inject({ url: url.pathname })).statusCode, 404)
  })

  t.test('the store tells a thief none of it', async (t) => {
    const rows = JSON.stringify([
      await central.store.read.selectFrom('intents').selectAll().execute(),
      await central.store.read.selectFrom('one_time_parameters').selectAll().execute(),
      await central.store.read.selectFrom('events').selectAll().execute(),
    ])
    t.notMatch(rows, made.body.server.adminPass)
    t.notMatch(rows, 'I2Nsb3VkLWNvbmZpZw')
  })

  t.test('it is shown as Nova shows it, with its extensions', async (t) => {
    const { status, body } = await call(ann, 'GET', `${servers}/1`)
    t.equal(status, 200)
    t.match(body.server, {
      id: '1',
      name: 'Web Sérver',
      status: 'BUILD',
      tenant_id: ann.projectId,
      metadata: { role: 'web' },
      flavor: { id: small },
      image: { id: image },
      key_name: 'laptop',
      progress: 0,
      created: '2026-11-30T20:00:00Z',
      'OS-EXT-STS:task_state': 'spawning',
      'SNF:task_state': 'BUILDING',
      attachments: [],
      diagnostics: [],
    })
    t.notOk('OS-EXT-SRV-ATTR:host' in body.server)
  })

  t.test('nothing else is done to it before it is there, but deleting', async (t) => {
    const stop = await call(ann, 'POST', `${servers}/1/action`, { 'os-stop': null })
    t.match(stop, { status: 409, body: { conflictingRequest: { code: 409 } } })
    t.equal((await call(ann, 'DELETE', `${servers}/1`)).status, 204)
    t.equal((await requests(central)).at(-1)?.path, '/2/instances/snf-1')
  })
})

t.test('what is refused when a server is made', async (t) => {
  const { ann, call } = await cloud(t)
  const good = { name: 'x', flavorRef: small, imageRef: image, networks: 'none' }
  const cases = [
    { what: 'no name', server: { ...good, name: undefined }, status: 400 },
    { what: 'a name of blanks', server: { ...good, name: '  ' }, status: 400 },
    { what: 'a name with a line break', server: { ...good, name: 'a\nb' }, status: 400 },
    { what: 'a flavor that there is not', server: { ...good, flavorRef: 'x' }, status: 400 },
    { what: 'an image that there is not', server: { ...good, imageRef: 'x' }, status: 400 },
    { what: 'a key that there is not', server: { ...good, key_name: 'x' }, status: 400 },
    {
      what: 'a network that there is not',
      server: { ...good, networks: [{ uuid: '9' }] },
      status: 404,
    },
    { what: 'a network by a name', server: { ...good, networks: [{ uuid: 'net' }] }, status: 400 },
    { what: 'user data that is not base64', server: { ...good, user_data: '#!' }, status: 400 },
    {
      what: 'a password that Ganeti cannot take',
      server: { ...good, adminPass: 'schön' },
      status: 400,
    },
    {
      what: 'a file out of its place',
      server: { ...good, personality: [{ path: '/../x', contents: '' }] },
      status: 400,
    },
    {
      what: 'a file too large',
      server: { ...good, personality: [{ path: '/x', contents: 'A'.repeat(20_000) }] },
      status: 413,
    },
    { what: 'metadata that is no text', server: { ...good, metadata: { a: 1 } }, status: 400 },
    { what: 'a thousand at once', server: { ...good, min_count: 1000 }, status: 400 },
  ]
  for (const { what, server, status } of cases) {
    t.test(`${what}: ${status}`, async (t) => {
      const answer = await call(ann, 'POST', servers, { server })
      t.equal(answer.status, status, JSON.stringify(answer.body))
    })
  }

  t.test('nothing of all that was left', async (t) => {
    t.same((await call(ann, 'GET', servers)).body, { servers: [] })
  })
})

t.test('quotas', async (t) => {
  const { central, ann, call } = await cloud(t)
  const admin = await central.enter('root', 'admin')
  const server = { name: 'x', flavorRef: small, imageRef: image, networks: 'none' }
  const quota = `/v2.1/os-quota-sets/${ann.projectId}`
  t.equal((await call(ann, 'PUT', quota, { quota_set: { instances: 99 } })).status, 403)
  const set = await call(admin, 'PUT', quota, { quota_set: { instances: 2 } })
  t.match(set, { status: 200, body: { quota_set: { instances: 2, cores: 40 } } })
  const made = await Promise.all(
    Array.from({ length: 5 }, () => call(ann, 'POST', servers, { server })),
  )
  t.same(made.map(({ status }) => status).sort(), [202, 202, 403, 403, 403])
  t.match(made.find(({ status }) => status === 403)?.body, {
    forbidden: {
      message: 'Quota exceeded for instances: Requested 1, but already used 2 of 2 instances',
    },
  })
  const { body } = await call(ann, 'GET', '/v2.1/limits')
  t.match(body.limits.absolute, { totalInstancesUsed: 2, maxTotalInstances: 2, totalRAMUsed: 2048 })
})

t.test('actions', async (t) => {
  const { central, ann, call } = await cloud(t)
  const act = (action: object) => call(ann, 'POST', `${servers}/1/action`, action)
  const status = async () => (await call(ann, 'GET', `${servers}/1`)).body.server.status
  const server = { name: 'x', flavorRef: small, imageRef: urlImage, networks: 'none' }
  await call(ann, 'POST', servers, { server })
  /** What Ganeti would say: it is so now. */
  const settle = (power: 'STARTED' | 'STOPPED') =>
    central.store.write((tx) =>
      tx
        .updateTable('servers')
        .set({ power, op_power: power, task: null, task_intent_id: null })
        .execute(),
    )
  await settle('STARTED')
  const cases = [
    { action: { start: {} }, from: 'STARTED', code: 409, paths: [] },
    { action: { 'os-stop': null }, from: 'STARTED', code: 202, paths: ['shutdown'] },
    { action: { 'os-start': null }, from: 'STOPPED', code: 202, paths: ['startup'] },
    { action: { reboot: { type: 'SOFT' } }, from: 'STOPPED', code: 409, paths: [] },
    { action: { reboot: { type: 'SOFT' } }, from: 'STARTED', code: 202, paths: ['reboot'] },
    { action: { reboot: { type: 'HARD' } }, from: 'STOPPED', code: 202, paths: ['reboot'] },
    { action: { reboot: { type: 'NICE' } }, from: 'STARTED', code: 400, paths: [] },
    { action: { resize: { flavorRef: small } }, from: 'STARTED', code: 400, paths: [] },
    { action: { confirmResize: null }, from: 'STARTED', code: 409, paths: [] },
    { action: { rebuild: { imageRef: image } }, from: 'STARTED', code: 501, paths: [] },
    {
      action: { rebuild: { imageRef: urlImage } },
      from: 'STARTED',
      code: 202,
      paths: ['reinstall'],
    },
    { action: { 'os-getVNCConsole': { type: 'novnc' } }, from: 'STARTED', code: 501, paths: [] },
    { action: { suspend: null }, from: 'STARTED', code: 501, paths: [] },
    { action: { fly: null }, from: 'STARTED', code: 400, paths: [] },
    { action: { start: {}, shutdown: {} }, from: 'STARTED', code: 400, paths: [] },
    { action: {}, from: 'STARTED', code: 400, paths: [] },
    { action: { addFloatingIp: { address: '10.0.0.9' } }, from: 'STARTED', code: 404, paths: [] },
    { action: { removeFixedIp: { address: '10.0.0.9' } }, from: 'STARTED', code: 404, paths: [] },
  ] as const
  for (const { action, from, code, paths } of cases) {
    t.test(`${JSON.stringify(action)} of what is ${from}: ${code}`, async (t) => {
      await settle(from)
      const before = (await requests(central)).length
      const answer = await act(action)
      t.equal(answer.status, code, JSON.stringify(answer.body))
      const told = (await requests(central)).slice(before).map(({ path }) => path)
      t.same(
        told,
        paths.map((path) => `/2/instances/snf-1/${path}`),
      )
    })
  }

  t.test('a rebuild begins at no progress, whatever is still told of the last one', async (t) => {
    await settle('STARTED')
    const rebuild = { imageRef: urlImage }
    const before = { progress: 100, progress_stamp: '' }
    await central.store.write((tx) => tx.updateTable('servers').set(before).execute())
    t.equal((await act({ rebuild })).status, 202)
    t.match((await call(ann, 'GET', `${servers}/1`)).body.server, { progress: 0 })
    const late = { type: 'image-copy-progress', instance: 'snf-1', progress: 60 }
    const timeUs = { event_time: [startMs / 1000 - 1, 0] }
    const message = { messageId: 'm', routingKey: 'k', headers: {}, userId: undefined }
    const body = JSON.stringify({ ...late, ...timeUs })
    await central.store.write((tx) => takeMessages(tx, central.context, [{ ...message, body }]))
    t.match((await call(ann, 'GET', `${servers}/1`)).body.server, { progress: 0 })
  })

  t.test('a resize of what runs stops, changes and starts it, and can be taken back', async (t) => {
    await settle('STARTED')
    t.equal((await act({ resize: { flavorRef: large } })).status, 202)
    t.equal(await status(), 'RESIZE')
    const told = (await requests(central)).slice(-3)
    t.same(
      told.map(({ path }) => path.split('/').at(-1)),
      ['shutdown', 'modify', 'startup'],
    )
    t.match(told[1]?.body, { beparams: { vcpus: 2, maxmem: 2048 } })
    await settle('STARTED')
    t.equal(await status(), 'VERIFY_RESIZE')
    t.equal((await act({ revertResize: null })).status, 202)
    t.match((await requests(central)).at(-2)?.body, { beparams: { vcpus: 1, maxmem: 1024 } })
    await settle('STARTED')
    t.equal(await status(), 'ACTIVE')
  })

  t.test('a resize that Ganeti refuses leaves the flavor as it was', async (t) => {
    await settle('STOPPED')
    t.equal((await act({ resize: { flavorRef: large } })).status, 202)
    const jobs = [{ jobId: 7, status: 'error', reason: 'no room' }] as const
    await central.store.write(async (tx) => {
      const submitted = { status: 'submitted', job_id: 7 } as const
      await tx.updateTable('intents').set(submitted).where('kind', '=', 'resize').execute()
      await settleIntents(tx, { nowMs: startMs, backendId: 1, jobs })
    })
    t.equal(await status(), 'SHUTOFF')
    const { body } = await call(ann, 'GET', `${servers}/1`)
    t.equal(body.server.flavor.id, small)
  })
})

t.test('lists', async (t) => {
  const { central, ann, call } = await cloud(t)
  for (const name of ['a1', 'a2', 'b%1', 'b_2', 'c']) {
    const server = { name, flavorRef: small, imageRef: image, networks: 'none' }
    await call(ann, 'POST', servers, { server })
  }
  await central.store.write((tx) =>
    tx.updateTable('servers').set({ power: 'STARTED', task: null }).where('id', '<=', 2).execute(),
  )
  const names = async (query: string) => {
    const { status, body } = await call(ann, 'GET', `${servers}?${query}`)
    return status === 200 ? body.servers.map(({ name }: { name: string }) => name).join() : status
  }
  const cases = [
    ['', 'c,b_2,b%1,a2,a1'],
    ['name=a', 'a2,a1'],
    ['name=%25', 'b%1'],
    ['name=^c$', 'c'],
    ["name=';drop table servers;--", ''],
    ['status=ACTIVE', 'a2,a1'],
    ['status=active&limit=1', 'a2'],
    ['status=BUILD', 'c,b_2,b%1'],
    ['status=LOST', 400],
    ['limit=2', 'c,b_2'],
    ['limit=2&marker=4', 'b%1,a2'],
    ['sort_key=display_name&sort_dir=asc&limit=2&marker=2', 'b%1,b_2'],
    ['marker=99', 400],
    ['limit=-1', 400],
    ['limit=x', 400],
    [`image=${urlImage}`, ''],
    ['flavor=c1r1', 'c,b_2,b%1,a2,a1'],
    ['ip=10.', ''],
    ['all_tenants=1', 403],
    ['changes-since=2026-11-30T20:00:00Z', 'c,b_2,b%1,a2,a1'],
    ['changes-since=2026-11-30T20:00:00%2B02:00&limit=1', 'c'],
    ['changes-since=2027-01-01T00:00:00Z', 400],
    ['changes-since=yesterday', 400],
  ] as const
  for (const [query, expected] of cases) {
    t.test(`?${query}`, async (t) => t.equal(await names(query), expected))
  }

  t.test('a page says where the next one is', async (t) => {
    const { body } = await call(ann, 'GET', `${servers}/detail?limit=2&name=b`)
    t.notOk('servers_links' in body)
    const more = await call(ann, 'GET', `${servers}/detail?limit=1&name=b`)
    t.equal(
      more.body.servers_links[0].href,
      `http://cloud.example.org${servers}/detail?limit=1&name=b&marker=4`,
    )
  })

  t.test('a deleted server is told of only to who asks what changed', async (t) => {
    await central.store.write((tx) =>
      tx
        .updateTable('servers')
        .set({ deleted_ms: startMs + 5, updated_ms: startMs + 5, power: 'DESTROYED' })
        .where('id', '=', 5)
        .execute(),
    )
    central.setNow(startMs + 10)
    t.equal(await names('limit=1'), 'b_2')
    t.equal((await call(ann, 'GET', `${servers}/5`)).status, 404)
    const since = '2026-11-30T20:00:00.003Z'
    const { body } = await call(ann, 'GET', `${servers}/detail?changes-since=${since}`)
    t.match(body.servers, [{ id: '5', status: 'DELETED' }])
  })
})

interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked for
  readonly body: any
}

async function cloud(t: Test) {
  const central = await openCentralApp(t)
  await central.store.write((tx) => seedCloud(tx, startMs))
  const ann = await central.enter('ann')
  const call = async (
    who: Entered,
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    payload?: object,
  ): Promise<Answer> => {
    const headers = { 'x-auth-token': who.token }
    const answer = await central.app.inject({ method, url, headers, ...(payload && { payload }) })
    return { status: answer.statusCode, body: answer.body === '' ? undefined : answer.json() }
  }
  return { central, ann, call }
}

/** What Ganeti would be told, in order. */
async function requests({ store, context }: CentralApp): Promise<RapiRequest[]> {
  const rows = await store.read.selectFrom('intents').select('request').orderBy('id').execute()
  return rows.map(({ request }) => JSON.parse(context.sealer.open(request)) as RapiRequest)
}
