/**
 * How long a reconciliation takes, and how much memory:
 *
 *     node dist/bench/central/reconcile.js [INSTANCES, 10000] [--engine sqlite|postgres]
 *
 * A played Ganeti in a process of its own (test/support/fake-ganeti) has so many instances, each with a NIC that has an address. First
 * the store is made anew of them (`okeanid-central rebuild`); then reconciliation finds nothing; then a tenth of them was stopped
 * behind our back; then all others were. On SQLite (synchronous = FULL) and on PostgreSQL, both on the disk of the working
 * directory. RSS and CPU are those of this process, the RAPI client's part included, Ganeti's and PostgreSQL's own not; RSS is the most at
 * once while it worked, and what was left afterwards.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { parseCentralConfig } from '#central/config/central-config.js'
import { openClients } from '#central/effect/clients.js'
import { createNames } from '#central/names.js'
import { ensurePools } from '#central/network/pools.js'
import { createLooks } from '#central/reconcile/looks.js'
import { rebuildServers } from '#central/reconcile/rebuild.js'
import { type ReconcileDeps, reconcile } from '#central/reconcile/reconcile.js'
import { createSealer } from '#central/store/seal.js'
import { openStore, type Store } from '#central/store/store.js'
import { backendRow, sealer as playedSealer } from '../../test/central/effect/world.js'
import { makeAuthority } from '../../test/support/certificates.js'
import { type FakeGaneti, startFakeGaneti } from '../../test/support/fake-ganeti/fake-ganeti.js'
import { addInstance } from '../../test/support/fake-ganeti/model.js'
import { postgresUnavailable, startPostgres } from '../../test/support/postgres.js'
import { cpuMs, forgetPeak, peakRssMebibytes, printTable, rssMebibytes } from '../harness.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { engine: { type: 'string' }, play: { type: 'string' } },
})
const count = Number(positionals[0] ?? 10_000)

if (values.play === undefined) await measureAll(values.engine)
else await play(values.play)

/** What the child is asked: whether instances run, of the first so many. */
interface Wanted {
  readonly isRunning: boolean
  readonly count: number
}

async function play(folder: string): Promise<void> {
  const certificate = makeAuthority(path.join(folder, 'authority')).sign('cluster')
  const ganeti = await startFakeGaneti({ certificate })
  for (let id = 1; id <= count; id += 1) {
    const mac = `aa:00:00:${[16, 8, 0].map((bits) => ((id >> bits) & 255).toString(16).padStart(2, '0')).join(':')}`
    const ip = `10.${id >> 16}.${(id >> 8) & 255}.${id & 255}`
    const nic = { name: `snf-nic-${id}`, uuid: `nic-${id}`, mac, ip, network: 'net-old' }
    addInstance(ganeti.cluster, `snf-${id}`, { nics: [nic] })
  }
  process.on('message', ({ isRunning, count: some }: Wanted) => {
    for (const instance of [...ganeti.cluster.instances.values()].slice(0, some)) {
      Object.assign(instance, { isUp: isRunning, isRunning, mtime: Date.now() / 1000 })
      instance.serial += 1
    }
    process.send?.('done')
  })
  process.send?.({ url: ganeti.url, certificate })
}

async function measureAll(engine: string | undefined): Promise<void> {
  const folder = mkdtempSync(path.resolve('.bench-reconcile-'))
  const rows: (readonly (string | number)[])[] = []
  try {
    if (engine !== 'postgres') {
      rows.push(...(await measure('SQLite', `sqlite:${path.join(folder, 'central.db')}`, folder)))
    }
    if (engine !== 'sqlite' && postgresUnavailable() === undefined) {
      await using postgres = await startPostgres({ isFast: false })
      rows.push(...(await measure('PostgreSQL', postgres.url('bench'), folder)))
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  printTable(
    ['store', 'instances', 'what', 'found', 'seconds', 'CPU, s', 'peak, MiB', 'RSS, MiB'],
    rows,
  )
}

async function measure(
  engine: string,
  url: string,
  folder: string,
): Promise<readonly (readonly (string | number)[])[]> {
  const own = mkdtempSync(path.join(folder, 'played-'))
  const child = fork(path.resolve('dist/bench/central/reconcile.js'), [
    String(count),
    '--play',
    own,
  ])
  try {
    const [ganeti] = (await once(child, 'message')) as [FakeGaneti]
    await using store = await openStore({ url })
    await using clients = openClients({ sealer: playedSealer })
    const deps = await depsOf(store, clients)
    await store.write((tx) =>
      tx.insertInto('backends').values(backendRow(ganeti, '3.1.1')).execute(),
    )
    const backend = await store.read.selectFrom('backends').selectAll().executeTakeFirstOrThrow()
    const rows: (readonly (string | number)[])[] = []
    const timed = async (what: string, work: () => Promise<readonly unknown[]>): Promise<void> => {
      forgetPeak()
      const [begin, cpu] = [performance.now(), cpuMs(process.pid)]
      const found = await work()
      const seconds = ((performance.now() - begin) / 1000).toFixed(2)
      const cpuSeconds = ((cpuMs(process.pid) - cpu) / 1000).toFixed(2)
      const rss = Math.round(rssMebibytes(process.pid))
      const peak = Math.round(peakRssMebibytes())
      rows.push([engine, count, what, found.length, seconds, cpuSeconds, peak, rss])
    }
    const become = async (wanted: Wanted): Promise<void> => {
      child.send(wanted)
      await once(child, 'message')
    }
    const look = () => reconcile(deps, { backend, looks: createLooks(store) })
    const owner = { projectId: 'project', userId: 'user' }
    await timed('rebuilt from Ganeti', () => rebuildServers(deps, { backend, ...owner }))
    await timed('nothing differs', look)
    await become({ isRunning: false, count: count / 10 })
    await timed('a tenth was stopped', look)
    await become({ isRunning: false, count })
    await timed('all others were stopped', look)
    await timed('nothing differs again', look)
    return rows
  } finally {
    child.kill('SIGKILL')
  }
}

async function depsOf(store: Store, clients: ReconcileDeps['clients']): Promise<ReconcileDeps> {
  const { config } = parseCentralConfig([])
  await ensurePools(store, config)
  return {
    ...{ store, config, clients, names: createNames('snf-'), sealer: createSealer('bench') },
    ...{ nowMs: Date.now, wakeEvents: () => {} },
  }
}
