import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import type { EffectStep } from '#central/effect/effect-deps.js'
import { openIntent } from '#central/effect/open-intent.js'
import { createInstance, deleteInstance, shutdown, startup } from '#central/intent/requests.js'
import { openStore, type Store } from '#central/store/store.js'
import type { Certificate } from '../../support/certificates.js'
import { type FakeGaneti, startFakeGaneti } from '../../support/fake-ganeti/fake-ganeti.js'
import { until } from '../../support/until.js'
import { addServer, backendRow, sealer } from '../effect/world.js'

/** Where the program is killed: when it passed a step for the nth time, or at some moment. */
export interface Kill {
  readonly step: EffectStep | 'some-moment'
  readonly count: number
}

/** What a run found out. */
export interface CrashReport {
  readonly serverCount: number
  readonly killCount: number
  /** What is wrong, to read; there should be nothing. */
  readonly faults: readonly string[]
}

/** Every step after which something was committed or called. */
export const steps: readonly EffectStep[] = [
  'claimed',
  'called',
  'submitted',
  'looked-for',
  'found',
  'followed',
  'ended',
]

const program = path.resolve('dist/test/central/crash/effects-program.js')

/**
 * Kills the effect path once after the other while servers are made, stopped, started and deleted, and the cluster loses a tenth of
 * the calls and of the answers. Then lets it run in peace until every intent has ended, and looks at what is there.
 */
export async function runCrashes({
  url,
  certificate,
  kills,
  random,
  betweenKills = async () => {},
}: {
  readonly url: string
  readonly certificate: Certificate
  readonly kills: readonly Kill[]
  readonly random: () => number
  /** Called after each kill: restarts the database, perhaps. */
  readonly betweenKills?: (index: number) => Promise<void>
}): Promise<CrashReport> {
  const ganeti = await startFakeGaneti({ certificate, jobMs: 10 })
  ganeti.setFault(({ method }) =>
    method === 'GET' || random() > 0.2 ? undefined : random() < 0.5 ? 'cut-before' : 'cut-after',
  )
  const store = await openStore({ url })
  try {
    await store.write((tx) =>
      tx.insertInto('backends').values(backendRow(ganeti, '3.1.1')).execute(),
    )
    let serverCount = 0
    for (const [index, kill] of kills.entries()) {
      serverCount += await addLoad(store, { from: serverCount, random })
      await runUntilKilled(url, kill, random)
      await betweenKills(index)
    }
    const { child, ended } = await start(url, { step: 'never', count: 1 })
    await until('every intent to end', () => hasEnded(store), { deadlineMs: 300_000, everyMs: 100 })
    child.kill('SIGKILL')
    await ended
    return { serverCount, killCount: kills.length, faults: await findFaults(store, ganeti) }
  } finally {
    await store.close()
    await ganeti.close()
  }
}

/** A few servers more, each with what follows its making. */
async function addLoad(
  store: Store,
  { from, random }: { readonly from: number; readonly random: () => number },
): Promise<number> {
  const count = 3
  for (let index = 1; index <= count; index += 1) {
    const name = `snf-${from + index}`
    const serverId = await addServer(store, name)
    const create = createInstance({
      ...{ name, osType: 'noop+default', osparams: {}, vcpus: 1, ramMib: 128, diskGib: 0 },
      ...{ diskTemplate: 'diskless', nics: [], tags: [] },
    })
    const more = [
      { kind: 'stop', request: shutdown(name) },
      { kind: 'start', request: startup(name) },
      { kind: 'delete-server', request: deleteInstance(name) },
    ] as const
    const intents = [
      { kind: 'create-server', request: create },
      ...more.slice(0, Math.floor(random() * 4)),
    ] as const
    await store.write(async (tx) => {
      for (const intent of intents) {
        const deps = { sealer, nowMs: Date.now() }
        const id = await openIntent(tx, deps, { backendId: 1, serverId, ...intent })
        await tx
          .updateTable('servers')
          .set({ task_intent_id: id })
          .where('id', '=', serverId)
          .execute()
      }
    })
  }
  return count
}

async function runUntilKilled(url: string, kill: Kill, random: () => number): Promise<void> {
  const step = kill.step === 'some-moment' ? 'never' : kill.step
  const { child, ended } = await start(url, { step, count: kill.count })
  // Steps that do not come as often as hoped must not hold everything up.
  const timer = setTimeout(() => child.kill('SIGKILL'), step === 'never' ? random() * 1_500 : 5_000)
  await ended
  clearTimeout(timer)
}

async function start(
  url: string,
  { step, count }: { readonly step: string; readonly count: number },
): Promise<{ readonly child: ChildProcess; readonly ended: Promise<unknown> }> {
  const child = spawn(process.execPath, [program, url, step, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const isReady = new Promise((resolve) => child.stdout?.once('data', resolve))
  await Promise.race([isReady, ended])
  return { child, ended }
}

async function hasEnded({ read }: Store): Promise<true | undefined> {
  const left = await read
    .selectFrom('intents')
    .select('id')
    .where('status', 'not in', ['done', 'failed'])
    .limit(1)
    .execute()
  return left.length === 0 ? true : undefined
}

async function findFaults(store: Store, { cluster }: FakeGaneti): Promise<readonly string[]> {
  const faults: string[] = []
  const servers = await store.read.selectFrom('servers').selectAll().execute()
  const intents = await store.read.selectFrom('intents').selectAll().execute()
  const jobs = [...cluster.jobs.values()]
  for (const { id, instance_name: name, power, deleted_ms: deletedMs, task } of servers) {
    const mine = intents.filter(({ server_id: serverId }) => serverId === id)
    const isDeleted = mine.some(({ kind }) => kind === 'delete-server')
    const instance = cluster.instances.get(name)
    if (isDeleted !== (instance === undefined)) {
      faults.push(`${name} is ${instance === undefined ? 'lost' : 'left over'}`)
    }
    if (isDeleted !== (deletedMs !== null)) faults.push(`${name} is ${power} in the store`)
    if (!isDeleted && instance !== undefined) {
      const expected = instance.isRunning ? 'STARTED' : 'STOPPED'
      if (power !== expected) faults.push(`${name} is ${power} in the store, and ${expected}`)
    }
    if (task !== null) faults.push(`${name} is stuck in ${task}`)
    const made = jobs.filter(
      ({ ops: [op], statuses }) =>
        op?.opcode === 'OP_INSTANCE_CREATE' &&
        op.input['instance_name'] === name &&
        statuses[0] === 'success',
    )
    if (made.length !== 1) faults.push(`${name} was made ${made.length} times`)
  }
  for (const { id, kind, status, reason } of intents) {
    if (status === 'failed') faults.push(`intent ${id} (${kind}) failed: ${reason}`)
    if (status === 'failed' && reason === null) faults.push(`intent ${id} failed without a reason`)
  }
  return faults
}
