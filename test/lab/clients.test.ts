import type { AddressInfo } from 'node:net'
import t from 'tap'
import { hashPassword } from '#central/identity/passwords.js'
import { assignRole, createProject, createUser } from '#central/identity/users.js'
import { ensurePools } from '#central/network/pools.js'
import { openCentralApp, startMs } from '../support/central-app.js'
import { large, seedCloud, small } from '../support/cloud.js'
import { type FakeGaneti, openFakeGaneti } from '../support/fake-ganeti.js'
import { clientsUnavailable, openClients } from '../support/openstack.js'

const skip = clientsUnavailable() ?? false

t.test("Debian's openstack and nova, unmodified", { skip, timeout: 1_800_000 }, async (t) => {
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
  await ensurePools(store, central.context.config)
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

  t.test('catalog, flavor, image and network list', async (t) => {
    const catalog = await json('catalog', 'list')
    const types = catalog.map((one: Record<string, string>) => one['Type'])
    t.same(types.sort(), ['compute', 'identity', 'image', 'network'])
    t.match(await json('flavor', 'list'), [
      { ID: small, VCPUs: 1, RAM: 1024 },
      { ID: large, VCPUs: 2 },
    ])
    t.match(await json('image', 'list'), [{ Name: 'debian' }, { Name: 'debian-url' }])
  })

  t.test('network and subnet create, network list', async (t) => {
    await done('network', 'create', 'private')
    await done('subnet', 'create', '--network', 'private', '--subnet-range', '10.1.0.0/24', 'four')
    t.match(await json('network', 'list'), [{ ID: '1', Name: 'private', Subnets: ['1'] }])
  })

  t.test('server create and list', async (t) => {
    const made = await json(
      ...['server', 'create', '--flavor', 'C1R1', '--image', 'debian-url'],
      ...['--network', 'private', '--property', 'role=web', 'web'],
    )
    t.match(made, { name: 'web', adminPass: String, properties: { role: 'web' } })
    t.match(await json('server', 'list'), [
      { Name: 'web', Status: 'ACTIVE', Image: 'debian-url', Networks: { private: ['10.1.0.2'] } },
    ])
  })

  t.test('server stop, start, reboot, resize', async (t) => {
    const status = async () => (await json('server', 'show', 'web')).status
    await done('server', 'stop', 'web')
    t.equal(await status(), 'SHUTOFF')
    await done('server', 'start', 'web')
    await done('server', 'reboot', '--hard', 'web')
    await done('server', 'resize', '--flavor', 'C2R2', 'web')
    t.equal(await status(), 'VERIFY_RESIZE')
    await done('server', 'resize', 'confirm', 'web')
    t.match(await json('server', 'show', 'web'), { status: 'ACTIVE', flavor: /C2R2/ })
  })

  t.test('console url show', async (t) => {
    const shown = await json('console', 'url', 'show', 'web')
    t.match(shown, { type: 'novnc', url: /^ws:\/\/127\.0\.0\.1:\d+\/console\?token=[\w-]{43}$/ })
  })

  t.test('keypair create, limits', async (t) => {
    t.match(await openstack('keypair', 'create', 'laptop'), /BEGIN RSA PRIVATE KEY/)
    const limits = await json('limits', 'show', '--absolute')
    t.match(
      limits.find((one: Record<string, string>) => one['Name'] === 'totalInstancesUsed'),
      { Value: 1 },
    )
  })

  t.test('nova list and show', async (t) => {
    t.match(await nova('list'), /\| 1 +\| web +\| ACTIVE \| - +\| Running +\| private=10\.1\.0\.2/)
    t.match(await nova('show', 'web'), /\| flavor +\| C2R2/)
  })

  t.test('server rebuild and delete', async (t) => {
    await done('server', 'rebuild', '--image', 'debian-url', 'web')
    await done('server', 'delete', 'web')
    t.same(await json('server', 'list'), [])
  })

  t.test('Ganeti was asked for all of it, in order', (t) => {
    const server = '/2/instances/snf-1'
    t.same(
      ganeti?.asked.filter((one) => one.includes('instances')),
      [
        'POST /2/instances',
        `PUT ${server}/shutdown`,
        `PUT ${server}/startup`,
        `POST ${server}/reboot`,
        `PUT ${server}/shutdown`,
        `PUT ${server}/modify`,
        `PUT ${server}/startup`,
        `POST ${server}/reinstall`,
        `DELETE ${server}`,
      ],
    )
    t.end()
  })

  t.test('the log has no password and no secret', (t) => {
    t.notMatch(logged.join('\n'), password)
    t.notMatch(logged.join('\n'), /token=[\w-]{43}/)
    t.end()
  })
})
