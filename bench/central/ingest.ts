/**
 * How many messages a second the update path takes into a store, how long a message is under way from its commit until the store shows it,
 * and how much memory that takes.
 *
 *     node dist/bench/central/ingest.js [servers, 1000 and 10000] [messages, 60000]
 *
 * The messages are those of an agent: of each server in turn the four statuses of a shutdown and of a start, with the job's messages between
 * them, so that three of eight change what a client sees. They come as from the broker: through the batcher, with as many under way as the
 * configured prefetch. The broker itself is left out (docs/performance.md has what RabbitMQ gives). PostgreSQL commits durably, SQLite with
 * synchronous = FULL; both on the disk of the working directory. Visible: a second connection reads the row until it shows the change,
 * 500 times, one message at a time. CPU: of this process alone, which is what a busy machine does not change much.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import path from 'node:path'
import { openStore, type Store } from '#central/store/store.js'
import { createBatcher } from '#central/update/batcher.js'
import type { Incoming } from '#central/update/incoming.js'
import { takeMessages } from '#central/update/take-messages.js'
import { addBackend, addServers, depsOn } from '../../test/central/update/rows.js'
import { postgresUnavailable, startPostgres } from '../../test/support/postgres.js'
import { cpuMs, printTable, quantile, rssMebibytes } from '../harness.js'

const [, , serversText, countText = '60000'] = process.argv
const sizes = serversText === undefined ? [1000, 10_000] : [Number(serversText)]
const count = Number(countText)
const visibleCount = 500
const prefetchCount = 500

/** The steps of a job of one op, and the job's own message after each. */
const statuses = ['queued', 'waiting', 'running', 'success'] as const

/** The n-th message: every server is shut down and started in turn. */
function messageAt(number: number, serverCount: number): Incoming {
  const jobId = Math.floor(number / 8) + 1
  const server = (Math.floor(jobId / 2) % serverCount) + 1
  const isOfJob = number % 2 === 1
  const status = statuses[Math.floor((number % 8) / 2)] ?? 'queued'
  const operation = jobId % 2 === 0 ? 'OP_INSTANCE_SHUTDOWN' : 'OP_INSTANCE_STARTUP'
  const instance = `snf-${server}`
  const common = { event_time: [1_700_000_000 + jobId, number % 8], cluster: 'c1', jobId, status }
  const body = isOfJob
    ? {
        ...{ type: 'ganeti-job-status', ...common, op_count: 1 },
        ...{ summary: [`INSTANCE_STARTUP(${instance})`], ops: [{ operation, status }] },
      }
    : {
        ...{ type: 'ganeti-op-status', ...common, operation, logmsg: null, result: null },
        ...{ op_index: 0, instance, tags: [], job_fields: {} },
      }
  return {
    messageId: `${isOfJob ? 'job' : 'op'}.00000000-0000-4000-8000-000000000000.${number}`,
    routingKey: isOfJob ? 'ganeti.event.job' : 'ganeti.snf.event.op',
    headers: { schema: 1, node: 'n1' },
    body: JSON.stringify(body),
    userId: undefined,
  }
}

async function ingest(
  store: Store,
  serverCount: number,
): Promise<{ readonly perSecond: number; readonly cpuUs: number }> {
  const deps = depsOn(store)
  const batcher = createBatcher({
    take: async (messages) => {
      await store.write((tx) => takeMessages(tx, deps, messages))
    },
    bury: async (message, error) => {
      throw new Error(`${message.messageId} is dead`, { cause: error })
    },
    ...{ isTransient: () => false, maxCount: 200, random: Math.random },
    backoff: { firstMs: 100, maxMs: 100 },
  })
  let next = 0
  const begin = performance.now()
  const cpuBegin = cpuMs(process.pid)
  const sender = async (): Promise<void> => {
    while (next < count) {
      const number = next
      next += 1
      await batcher.push(messageAt(number, serverCount), () => true)
    }
  }
  await Promise.all(Array.from({ length: prefetchCount }, sender))
  const cpuUs = ((cpuMs(process.pid) - cpuBegin) / count) * 1000
  return { perSecond: (count / (performance.now() - begin)) * 1000, cpuUs }
}

/** Milliseconds from the commit of a message until another connection sees what it changed. */
async function visible(store: Store, url: string): Promise<readonly number[]> {
  await using reader = await openStore({ url })
  const deps = depsOn(store)
  const times: number[] = []
  for (let each = 0; each < visibleCount; each += 1) {
    const number = 8 * (count + each) + 6
    const message = messageAt(number, 1)
    const { jobId } = JSON.parse(message.body) as { readonly jobId: number }
    await store.write((tx) => takeMessages(tx, deps, [message]))
    const begin = performance.now()
    for (;;) {
      const row = await reader.read
        .selectFrom('servers')
        .select('op_job_id')
        .where('id', '=', 1)
        .executeTakeFirst()
      if (row?.op_job_id === jobId) break
    }
    times.push(performance.now() - begin)
  }
  return times
}

const rows: (string | number)[][] = []

async function measure(name: string, url: string, serverCount: number): Promise<void> {
  await using store = await openStore({ url })
  await addBackend(store)
  await addServers(
    store,
    Array.from({ length: serverCount }, (_, index) => index + 1),
  )
  const { perSecond, cpuUs } = await ingest(store, serverCount)
  const rss = rssMebibytes(process.pid)
  const times = await visible(store, url)
  rows.push([
    name,
    serverCount,
    Math.round(perSecond),
    Math.round(cpuUs),
    quantile(times, 0.5).toFixed(2),
    quantile(times, 0.99).toFixed(2),
    Math.round(rss),
  ])
}

const folder = mkdtempSync(path.resolve('.bench-ingest-'))
try {
  for (const size of sizes) {
    await measure('SQLite', `sqlite:${path.join(folder, `${size}.db`)}`, size)
  }
  if (postgresUnavailable() === undefined) {
    await using postgres = await startPostgres({ isFast: false })
    for (const size of sizes) await measure('PostgreSQL', postgres.url(`bench_${size}`), size)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
printTable(
  [
    'store',
    'servers',
    'messages/s',
    'CPU, µs a message',
    'visible p50, ms',
    'visible p99, ms',
    'RSS, MiB',
  ],
  rows,
)
