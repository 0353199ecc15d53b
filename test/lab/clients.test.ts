import type { AddressInfo } from 'node:net'
import t from 'tap'
import { hashPassword } from '#central/identity/passwords.js'
import { assignRole, createProject, createUser } from '#central/identity/users.js'
import { openCentralApp, startMs } from '../support/central-app.js'
import { large, seedCloud, small, urlImage } from '../support/cloud.js'
import { type FakeGaneti, openFakeGaneti } from '../support/fake-ganeti.js'
import { clientsUnavailable, openClients } from '../support/openstack.js'

const skip = clientsUnavailable() ?? false

t.test("Debian's openstack and nova, unmodified", { skip, timeout: 900_000 }, async (t) => {
  let ganeti: FakeGaneti | undefined
  let ended = Promise.resolve()
  const central = await openCentralApp(t, {
    server: { public_url: '' },
    changes: {
      nowMs: Date.now,
      findConsole: async () => ({ host: '127.0.0.1', port: 5900 }),
      wakeEffects: () => {
        ended = ended.then(() => ganeti?.settle())
      },
    },
  })
  ganeti = openFakeGaneti(central)
  const { app, store, logged } = central
  await store.write((tx) => seedCloud(tx, startMs))
  const password = 'correct horse battery'
  const passwordHash = await hashPassword(password)
  const nowMs = startMs
  await store.write(async (tx) => {
    const projectId = await createProject(tx, { name: 'ocean', nowMs })
    const user = { name: 'ann', passwordHash, defaultProjectId: projectId, nowMs }
    await assignRole(tx, { userId: await createUser(tx, user), projectId, role: 'member' })
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const authUrl = `http://127.0.0.1:${port}/identity/v3`
  const identity = { authUrl, userName: 'ann', password, projectName: 'ocean' }
  const { openstack, nova } = openClients(identity)

  /** A command, when Ganeti has done what the one before asked for. */
  async function json(...args: readonly string[]) {
    await ended
    return await openstack(...args, '-f', 'json')
  }
  async function done(...args: readonly string[]) {
    await ended
    await openstack(...args)
    await ended
  }

  t.test('token issue', async (t) => {
    t.match(await json('token', 'issue'), { id: /^[\w-]{43}$/, expires: String })
  })

  t.test('a wrong password is refused', async (t) => {
    const stranger = openClients({ ...identity, password: 'wrong' })
    await t.rejects(stranger.openstack('token', 'issue'), /HTTP 401/)
  })

  t.test('catalog, flavor and image list', async (t) => {
    const catalog = await json('catalog', 'list')
    const types = catalog.map((one: Record<string, string>) => one['Type'])
    t.same(types.sort(), ['compute', 'identity', 'image', 'network'])
    t.match(await json('flavor', 'list'), [
      { ID: small, VCPUs: 1, RAM: 1024 },
      { ID: large, VCPUs: 2 },
    ])
    t.match(await json('image', 'list'), [{ Name: 'debian' }, { Name: 'debian-url' }])
    t.match(await json('image', 'show', 'debian-url'), { id: urlImage, status: 'active' })
  })

  t.test('server create, show and list', async (t) => {
    const made = await json(
      ...['server', 'create', '--flavor', 'C1R1', '--image', 'debian-url'],
      ...['--property', 'role=web', 'web'],
    )
    t.match(made, { name: 'web', adminPass: String, status: 'BUILD' })
    t.match(await json('server', 'show', 'web'), { id: '1', status: 'ACTIVE' })
    t.match(await json('server', 'list'), [{ Name: 'web', Status: 'ACTIVE', Image: 'debian-url' }])
  })

  t.test('server stop, start, reboot, resize, set', async (t) => {
    const status = async () => (await json('server', 'show', 'web')).status
    await done('server', 'stop', 'web')
    t.equal(await status(), 'SHUTOFF')
    await done('server', 'start', 'web')
    t.equal(await status(), 'ACTIVE')
    await done('server', 'reboot', '--hard', 'web')
    await done('server', 'resize', '--flavor', 'C2R2', 'web')
    t.equal(await status(), 'VERIFY_RESIZE')
    await done('server', 'resize', 'confirm', 'web')
    t.match(await json('server', 'show', 'web'), { status: 'ACTIVE', flavor: /C2R2/ })
    await done('server', 'set', '--name', 'www', '--property', 'tier=1', 'web')
    t.match(await json('server', 'show', 'www'), { properties: { role: 'web', tier: '1' } })
    await done('server', 'unset', '--property', 'tier', 'www')
    t.strictSame((await json('server', 'show', 'www')).properties, { role: 'web' })
  })

  t.test('console url show', async (t) => {
    const shown = await json('console', 'url', 'show', 'www')
    t.match(shown, { type: 'novnc', url: /^ws:\/\/127\.0\.0\.1:\d+\/console\?token=[\w-]{43}$/ })
  })

  t.test('keypair create and list, quota, limits, availability zones, extensions', async (t) => {
    t.match(await openstack('keypair', 'create', 'laptop'), /BEGIN RSA PRIVATE KEY/)
    t.match(await json('keypair', 'list'), [{ Name: 'laptop', Fingerprint: /^(..:){15}..$/ }])
    const limits = await json('limits', 'show', '--absolute')
    t.match(
      limits.find((one: Record<string, string>) => one['Name'] === 'totalInstancesUsed'),
      {
        Value: 1,
      },
    )
    t.match(await json('availability', 'zone', 'list', '--compute'), [{ 'Zone Name': 'nova' }])
    t.ok((await json('extension', 'list', '--compute')).length > 3)
  })

  t.test('nova list, show, stop, diagnostics', async (t) => {
    t.match(await nova('list'), /\| 1 +\| www +\| ACTIVE \| - +\| Running/)
    t.match(await nova('show', 'www'), /flavor:vcpus|\| flavor +\| C2R2/)
    await nova('stop', 'www')
    await ended
    t.match(await nova('list'), /\| www +\| SHUTOFF/)
    t.match(await nova('diagnostics', 'www'), /\| state +\| stopped/)
  })

  t.test('server rebuild and delete', async (t) => {
    await done('server', 'rebuild', '--image', 'debian-url', 'www')
    t.equal((await json('server', 'show', 'www')).status, 'ACTIVE')
    await done('server', 'delete', 'www')
    t.same(await json('server', 'list'), [])
  })

  t.test('Ganeti was asked for all of it, in order', (t) => {
    const server = '/2/instances/snf-1'
    t.same(ganeti?.asked, [
      'POST /2/instances',
      `PUT ${server}/shutdown`,
      `PUT ${server}/startup`,
      `POST ${server}/reboot`,
      `PUT ${server}/shutdown`,
      `PUT ${server}/modify`,
      `PUT ${server}/startup`,
      `PUT ${server}/shutdown`,
      `POST ${server}/reinstall`,
      `DELETE ${server}`,
    ])
    t.end()
  })

  t.test('the log has no password and no secret', (t) => {
    t.notMatch(logged.join('\n'), password)
    t.notMatch(logged.join('\n'), /token=[\w-]{43}/)
    t.end()
  })
})
