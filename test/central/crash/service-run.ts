import { setTimeout as delay } from 'node:timers/promises'
import { issueToken } from '#central/identity/tokens.js'
import { assignRole, createProject, createUser } from '#central/identity/users.js'
import { createSealer } from '#central/store/seal.js'
import { type Change, openStore, type Store } from '#central/store/store.js'
import type { Certificate } from '../../support/certificates.js'
import type { RabbitMq } from '../../support/rabbitmq.js'
import { until } from '../../support/until.js'
import { backendRow } from '../effect/world.js'
import { type Centre, type Control, type Life, secretKey, setUpCentre } from './centre.js'
import { findFaults, type Verdict } from './find-faults.js'
import { createLoad, type Load } from './load.js'
import { type PlayedCluster, playCluster } from './played-cluster.js'

/** How one run goes. */
export interface ServiceRun {
  /** A new folder. */
  readonly folder: string
  /** Of a new store. */
  readonly url: string
  readonly broker: RabbitMq
  readonly certificate: Certificate
  readonly random: () => number
  readonly killCount: number
  /** Killed and started again each `every` kills, while the service lives on. */
  readonly restarts: readonly { readonly every: number; readonly restart: () => Promise<void> }[]
  readonly control?: Control
  /** How long everything under way may take to end, at the end. */
  readonly calmMs?: number
  /** Called after each kill. */
  readonly onKill?: (killCount: number) => void
}

/** What came out of it. */
export interface RunReport extends Verdict {
  readonly killCount: number
  readonly restartCount: number
  readonly serverCount: number
  readonly jobCount: number
  readonly messageCount: number
  readonly intentCount: number
  readonly answers: ReadonlyMap<string, number>
  /** How often each event was logged. */
  readonly logged: ReadonlyMap<string, number>
  /** Lives that ended by themselves; while PostgreSQL is away they may. */
  readonly ownEnds: readonly string[]
  /** What a reconciliation would still do. */
  readonly findings: readonly string[]
}

/** Longest life after the service listens, and how long one that is killed while it starts may take. */
const lifeMs = 3_000

/**
 * Kills the service (SIGKILL) at random moments while clients use it, an administrator works beside it, and its cluster loses calls
 * and answers; then lets it work in peace until nothing is under way, and looks at what is there.
 */
export async function runService(options: ServiceRun): Promise<RunReport> {
  const { folder, url, broker, random, killCount, restarts, control = 'none' } = options
  await using cluster = await playCluster({
    ...{ certificate: options.certificate, brokerUrl: broker.url, random },
  })
  const token = await seed(url, cluster)
  const centre = setUpCentre({ folder, url, brokerUrl: broker.url, control })
  const { cluster: fake } = cluster.ganeti
  const load = createLoad({ token, cluster: fake, random, serverCount: 40 })
  await makeNetworks(centre, { token })
  const ownEnds: string[] = []
  let restartCount = 0
  let restarting = Promise.resolve()
  for (let kills = 0; kills < killCount; ) {
    const life = centre.start()
    const ended = await liveAndDie(life, { load, random })
    if (ended.signal === 'SIGKILL') {
      kills += 1
      options.onKill?.(kills)
    } else ownEnds.push(`${ended.code ?? ended.signal}: ${life.lastLines.at(-1) ?? ''}`)
    if (ended.signal !== 'SIGKILL' && ownEnds.length > killCount + 20) {
      throw new Error(`it does not live: ${life.lastLines.join('\n')}`)
    }
    for (const { every, restart } of restarts) {
      if (ended.signal !== 'SIGKILL' || kills % every !== 0) continue
      restartCount += 1
      restarting = restarting.then(restart)
    }
  }
  await restarting
  const last = centre.start()
  await using store = await openStore({ url })
  const calm = await until('nothing to be under way', () => isCalm(store, cluster, broker), {
    deadlineMs: options.calmMs ?? 300_000,
    everyMs: 500,
  }).catch((error: unknown) => String(error))
  const verdict = await findFaults({ store, cluster: fake, load })
  const findings = await findingsOf(centre)
  last.kill()
  await last.ended
  const stuck = calm === true ? verdict.stuck : [...verdict.stuck, calm]
  return {
    ...{ ...verdict, stuck, killCount, restartCount, ownEnds, findings },
    serverCount: load.accepted.size,
    jobCount: fake.jobs.size,
    messageCount: cluster.sentCount(),
    intentCount: (await store.read.selectFrom('intents').select('id').execute()).length,
    answers: load.answers,
    logged: centre.logged,
  }
}

/** One life: four of five under load, the others killed while they start. */
async function liveAndDie(
  life: Life,
  { load, random }: { readonly load: Load; readonly random: () => number },
): Promise<Awaited<Life['ended']>> {
  if (random() < 0.2) {
    await Promise.race([delay(random() * lifeMs), life.ended])
    life.kill()
    return await life.ended
  }
  const port = await life.port
  if (port === undefined) return await life.ended
  const stop = new AbortController()
  const running = load.run(port, stop.signal)
  await Promise.race([delay(random() * lifeMs), life.ended])
  life.kill()
  stop.abort()
  await running
  return await life.ended
}

async function isCalm(
  { read }: Store,
  cluster: PlayedCluster,
  broker: RabbitMq,
): Promise<true | undefined> {
  const open = await read
    .selectFrom('intents')
    .select('id')
    .where('status', 'not in', ['done', 'failed'])
    .limit(1)
    .execute()
  if (open.length > 0 || !cluster.isTold()) return undefined
  const queues = await broker.ctl(['list_queues', 'name', 'messages'])
  return /^okeanid-central-snf\t0$/m.test(queues) ? true : undefined
}

/** What the service's own comparison finds; a resize that nobody confirmed is no finding. */
async function findingsOf(centre: Centre): Promise<readonly string[]> {
  const rows = JSON.parse(await centre.command(['reconcile', '--dry-run', '--json'])) as readonly {
    readonly kind: string
    readonly name: string
    readonly detail: string
  }[]
  return rows.map(({ kind, name, detail }) => `${kind} ${name}: ${detail}`)
}

async function seed(url: string, { ganeti }: PlayedCluster): Promise<string> {
  await using store = await openStore({ url })
  const sealer = createSealer(secretKey)
  return await store.write(async (tx) => {
    const backend = { ...backendRow(ganeti, '3.1.1'), rapi_password: sealer.seal('p') }
    await tx.insertInto('backends').values(backend).execute()
    await addOffers(tx)
    const nowMs = Date.now()
    const projectId = await createProject(tx, { name: 'ocean', nowMs })
    const user = { name: 'ann', passwordHash: 'none', defaultProjectId: projectId, nowMs }
    const userId = await createUser(tx, user)
    await assignRole(tx, { userId, projectId, role: 'member' })
    const expiresMs = nowMs + 12 * 3_600_000
    return (await issueToken(tx, { userId, projectId, nowMs, expiresMs })).token
  })
}

async function addOffers(tx: Change): Promise<void> {
  const flavor = { disk_gib: 0, disk_template: 'diskless', is_public: 1 } as const
  await tx
    .insertInto('flavors')
    .values([
      { id: 'small', name: 'small', vcpus: 1, ram_mib: 128, ...flavor },
      { id: 'large', name: 'large', vcpus: 2, ram_mib: 256, ...flavor },
    ])
    .execute()
  await tx
    .insertInto('images')
    .values({
      ...{ id: 'image', name: 'image', os_type: 'noop+default', osparams: '{}', hvparams: '{}' },
      ...{ properties: '{}', min_disk_gib: 0, min_ram_mib: 0, is_public: 1, project_id: null },
      ...{ created_ms: 0, updated_ms: 0 },
    })
    .execute()
}

/** By the API, as a tenant makes them; in peace, for all servers need them. */
async function makeNetworks(centre: Centre, { token }: { readonly token: string }): Promise<void> {
  const life = centre.start()
  const port = await life.port
  if (port === undefined) throw new Error(`it does not start: ${life.lastLines.join('\n')}`)
  const post = async (path: string, body: unknown) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: { 'x-auth-token': token, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (response.status !== 201) throw new Error(`${path}: ${await response.text()}`)
  }
  for (const id of [1, 2]) {
    await post('/v2.0/networks', { network: { name: `net-${id}` } })
    const subnet = { network_id: String(id), cidr: `10.${id}.0.0/22`, ip_version: 4 }
    await post('/v2.0/subnets', { subnet })
  }
  life.kill()
  await life.ended
}
