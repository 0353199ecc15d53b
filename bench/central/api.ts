import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Sqlite from 'better-sqlite3'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Insertable } from 'kysely'
import { buildApp } from '#central/api/app.js'
import { defaultCentralConfig } from '#central/config/central-config.js'
import { openEventFeed } from '#central/events/event-feed.js'
import { issueToken } from '#central/identity/tokens.js'
import { assignRole, createProject, createUser } from '#central/identity/users.js'
import { createNames } from '#central/names.js'
import type { Database } from '#central/store/schema.js'
import { createSealer } from '#central/store/seal.js'
import { openStore, type Store } from '#central/store/store.js'
import { printLine } from '#service/log.js'
import { createMetrics } from '#service/metrics.js'
import { quantile } from '../harness.js'

/**
 * What it costs to show servers: node dist/bench/central/api.js [COUNT…]
 *
 * `GET /servers/detail?limit=1000` beside a bare fastify with better-sqlite3 that reads the same rows of the same file by prepared
 * statements and sends them as they are; and one `GET /servers/ID`. Of COUNT servers (1,000 and 10,000) a thousand are the caller's.
 * Requests for both lists take turns, over one connection each, in this process; the one server is asked for afterwards, by itself,
 * so that the garbage of the lists is not collected in its time. Its CPU is told too, for machines that are busy.
 */
const rounds = 41

/** Requests for one server. */
const oneRounds = 300

const own = 1000

const counts = process.argv.slice(2).map(Number)

for (const count of counts.length > 0 ? counts : [1000, 10_000]) await measure(count)

async function measure(count: number): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'okeanid-bench-'))
  const file = path.join(folder, 'central.db')
  const store = await openStore({ url: `sqlite:${file}` })
  const token = await seed(store, count)
  const ours = await openOurs(store)
  const peer = openPeer(file)
  const list = await caller(ours, { path: '/v2.1/servers/detail?limit=1000', token })
  const bare = await caller(peer, { path: '/servers', token })
  const one = await caller(ours, { path: '/v2.1/servers/500', token })
  const times = { list: [] as number[], bare: [] as number[], one: [] as number[] }
  for (let round = 0; round < rounds + 5; round += 1) {
    for (const [name, call] of Object.entries({ list, bare })) {
      const ms = await call()
      // the first ones compile
      if (round >= 5) times[name as keyof typeof times].push(ms)
    }
  }
  for (let round = 0; round < 100; round += 1) await one()
  const before = process.cpuUsage()
  for (let round = 0; round < oneRounds; round += 1) times.one.push(await one())
  const { user, system } = process.cpuUsage(before)
  const oneCpuMs = (user + system) / 1000 / oneRounds
  const [listMs, bareMs, oneMs] = [
    quantile(times.list, 0.5),
    quantile(times.bare, 0.5),
    quantile(times.one, 0.5),
  ]
  printLine(
    `${count} servers: list of ${own} p50 ${listMs.toFixed(1)} ms, bare ${bareMs.toFixed(1)} ms, ratio ${(listMs / bareMs).toFixed(2)}; one ${oneMs.toFixed(2)} ms, CPU ${oneCpuMs.toFixed(2)} ms with the client's`,
  )
  await ours.close()
  await peer.close()
  await store.close()
  rmSync(folder, { recursive: true })
}

async function openOurs(store: Store): Promise<FastifyInstance> {
  const context = {
    store,
    names: createNames('snf-'),
    sealer: createSealer('bench'),
    config: defaultCentralConfig(),
    log: () => {},
    metrics: createMetrics(),
    nowMs: Date.now,
    wakeEffects: () => {},
    wakeEvents: () => {},
  }
  return await buildApp({ ...context, events: openEventFeed(context) })
}

/** What anybody would write in an hour. */
function openPeer(file: string): FastifyInstance {
  const db = new Sqlite(file, { readonly: true })
  const projectOf = db.prepare('select project_id from servers where id = 1').pluck()
  const servers = db.prepare(
    'select * from servers where project_id = ? and deleted_ms is null order by id desc limit 1000',
  )
  const parts = {
    metadata: db.prepare(
      'select m.* from server_metadata m join servers s on s.id = m.server_id where s.project_id = ?',
    ),
    ports: db.prepare(
      'select p.*, n.name, a.address from ports p join networks n on n.id = p.network_id left join addresses a on a.port_id = p.id join servers s on s.id = p.server_id where s.project_id = ?',
    ),
    diagnostics: db.prepare(
      'select d.* from diagnostics d join servers s on s.id = d.server_id where s.project_id = ?',
    ),
  }
  const app = Fastify()
  app.get('/servers', async () => {
    const project = projectOf.get()
    const rows = servers.all(project) as Record<string, unknown>[]
    const byId = new Map(rows.map((row) => [row['id'], row]))
    for (const [name, statement] of Object.entries(parts)) {
      for (const part of statement.all(project) as { server_id: number }[]) {
        const row = byId.get(part.server_id)
        if (row === undefined) continue
        row[name] = [...((row[name] ?? []) as unknown[]), part]
      }
    }
    return { servers: rows }
  })
  app.addHook('onClose', async () => {
    db.close()
  })
  return app
}

/** A function that makes one request and says how many milliseconds it took to its last byte. */
async function caller(
  app: FastifyInstance,
  { path, token }: { readonly path: string; readonly token: string },
): Promise<() => Promise<number>> {
  if (!app.server.listening) await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  const headers = { 'x-auth-token': token }
  app.server.on('close', () => agent.destroy())
  return () =>
    new Promise((resolve, reject) => {
      const begin = performance.now()
      http
        .get({ host: '127.0.0.1', port, path, agent, headers }, (response) => {
          if (response.statusCode !== 200) reject(new Error(`${path}: ${response.statusCode}`))
          response.resume()
          response.on('end', () => resolve(performance.now() - begin))
        })
        .on('error', reject)
    })
}

/** Servers with two notes, a port with an address, and a message of their install each. @returns a token of who has the first */
async function seed(store: Store, count: number): Promise<string> {
  const nowMs = Date.now()
  return await store.write(async (tx) => {
    const mine = await createProject(tx, { name: 'mine', nowMs })
    const others = await createProject(tx, { name: 'others', nowMs })
    const user = { name: 'ann', passwordHash: '', defaultProjectId: mine, nowMs }
    const userId = await createUser(tx, user)
    await assignRole(tx, { userId, projectId: mine, role: 'member' })
    const network = { name: 'net', flavor: 'CUSTOM', mode: 'bridged', link: 'br0', tags: '[]' }
    await tx
      .insertInto('networks')
      .values({
        ...network,
        ...{ mac_prefix: 'aa:00:0', is_public: 1, is_floating_pool: 0, is_drained: 0 },
        ...{ state: 'ACTIVE', is_deleting: 0, created_ms: nowMs, updated_ms: nowMs },
      } as Insertable<Database['networks']>)
      .execute()
    for (let id = 1; id <= count; id += 1) {
      const project_id = id <= own ? mine : others
      const times = { created_ms: nowMs, updated_ms: nowMs }
      const server = {
        ...{ id, name: `server-${id}`, project_id, user_id: userId, backend_id: 1 },
        ...{ instance_name: `snf-${id}`, flavor_id: 'c1r1', image_id: 'image', power: 'STARTED' },
        ...{ power_stamp: '', progress: 100, progress_stamp: '', op_stamp: '', vcpus: 1 },
        ...{ ram_mib: 1024, disk_mib: 10_240, nics_stamp: '', node: `node${id % 50}` },
        ...{ node_stamp: '', is_adopted: 0, ...times },
      }
      await tx
        .insertInto('servers')
        .values(server as Insertable<Database['servers']>)
        .execute()
      const notes = ['role', 'tier'].map((key) => ({ server_id: id, key, value: 'some value' }))
      await tx.insertInto('server_metadata').values(notes).execute()
      const port = {
        ...{ id, name: '', project_id, user_id: userId, network_id: 1, server_id: id },
        ...{ nic_name: `snf-nic-${id}`, mac: 'aa:00:00:00:00:01', state: 'ACTIVE', ...times },
      }
      await tx
        .insertInto('ports')
        .values(port as Insertable<Database['ports']>)
        .execute()
      const address = `10.${id >> 16}.${(id >> 8) & 255}.${id & 255}`
      const given = { port_id: id, network_id: 1, ip_version: 4, address } as const
      await tx
        .insertInto('addresses')
        .values(given as Insertable<Database['addresses']>)
        .execute()
      const told = { level: 'INFO', source: 'image', source_us: nowMs * 1000, message: 'copied' }
      const diagnostic = { server_id: id, ...told, details: '', created_ms: nowMs }
      await tx
        .insertInto('diagnostics')
        .values({ ...diagnostic, message_id: `m${id}` } as Insertable<Database['diagnostics']>)
        .execute()
    }
    const expiresMs = nowMs + 3_600_000
    const issued = await issueToken(tx, { userId, projectId: mine, nowMs, expiresMs })
    return issued.token
  })
}
