import { readFileSync } from 'node:fs'
import { until } from '../support/until.js'
import type { Row, RowContext } from './row.js'

/** Changes of the master. */
export const failoverRows: readonly Row[] = [
  {
    name: 'failover',
    title: (isShort) => `${isShort ? 2 : 5} orderly failovers, 3 nodes`,
    nodes: 3,
    isSavedByOutbox: false,
    strike: async (context) => {
      for (let round = 0; round < (context.isShort ? 2 : 5); round++) {
        const { master, next } = await mastersOf(context)
        await startLongJobs(context, master)
        await failOverTo(context, next)
        await context.pass(context.isShort ? 2 : 10)
      }
    },
  },
  {
    name: 'master-killed',
    title: (isShort) =>
      isShort
        ? 'master killed, 3 nodes; the next one is asked to cancel what ran on it'
        : '3 masters killed, 3 nodes',
    nodes: 3,
    isSavedByOutbox: false,
    strike: async (context) => {
      const { lab } = context.world
      for (let round = 0; round < (context.isShort ? 1 : 3); round++) {
        const { master, next } = await mastersOf(context)
        await startLongJobs(context, master)
        const lastOfDead = Number(readFileSync(serialOf(context, master), 'utf8'))
        await lab.stop(master, 'kill')
        await failOverTo(context, next)
        await context.pass(context.isShort ? 1 : 10)
        if (context.isShort) await giveUpDead(context, { master: next, lastOfDead })
        await lab.start(master)
        await rejoin(context, { master: next, node: master })
      }
    },
  },
]

/** So many seconds do jobs last that are under way when the master changes: some end before, some meanwhile, some after it. */
const longJobs = [2, 4, 8, 16, 32]

/** Submits them. A luxid that has just begun may not answer within Ganeti's own ten seconds; a job that it took all the same is one more. */
async function startLongJobs({ world: { lab } }: RowContext, master: string): Promise<void> {
  for (const seconds of longJobs)
    await until(
      `a job of ${seconds} s on ${master}`,
      async () => {
        const { code } = await lab.exec(master, ['gnt-debug', 'delay', '--submit', `${seconds}`])
        return code === 0 || undefined
      },
      { deadlineMs: 180_000, everyMs: 1000 },
    )
}

async function mastersOf({
  world: { lab },
}: RowContext): Promise<{ readonly master: string; readonly next: string }> {
  const master = await lab.master()
  const index = lab.nodes.indexOf(master)
  const next = lab.nodes[(index + 1) % lab.nodes.length]
  if (next === undefined) throw new Error('a failover needs more than one node')
  return { master, next }
}

/** Asks until it is done: while jobs hold it up, or votes are missing, Ganeti refuses. */
async function failOverTo({ world: { lab } }: RowContext, node: string): Promise<void> {
  let said = ''
  await until(
    `a failover to ${node}`,
    async () => {
      const { stdout, stderr } = await lab.exec(node, ['gnt-cluster', 'master-failover'])
      said = `${stdout}${stderr}`
      const { stdout: master } = await lab.exec(node, ['gnt-cluster', 'getmaster'])
      return master.startsWith(`${node}.`) ? true : undefined
    },
    { deadlineMs: 300_000, everyMs: 1000 },
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${said}`)
  })
}

function serialOf({ world: { lab } }: RowContext, node: string): string {
  return lab.path(node, '/var/lib/ganeti/queue/serial')
}

/** Jobs of a dead master show as such after up to 311 s, or when they are to be killed. */
async function giveUpDead(
  { world: { lab } }: RowContext,
  { master, lastOfDead }: { readonly master: string; readonly lastOfDead: number },
): Promise<void> {
  const list = ['gnt-job', 'list', '--no-headers', '--running', '-o', 'id']
  const ids = (await lab.execOk(master, list)).split('\n').filter((id) => Number(id) > 0)
  const dead = ids.filter((id) => Number(id) <= lastOfDead)
  if (dead.length > 0)
    await lab.exec(master, ['gnt-job', 'cancel', '--kill', '--yes-do-it', ...dead])
}

/**
 * A machine that is back learns who the master is when that tells all nodes: a job, which waits for what dead jobs still hold.
 *
 * It started as the master that it was, so its RAPI runs. That is stopped: Debian's `daemon-util start-master` ends, with what
 * start-stop-daemon says of a pid file that is not root's, at a RAPI that runs already, and the machine would be a master without luxid next time.
 */
async function rejoin(
  { world: { lab } }: RowContext,
  { master, node }: { readonly master: string; readonly node: string },
): Promise<void> {
  await lab.execOk(node, ['systemctl', 'start', 'okeanid-agent'])
  let said = ''
  await until(
    `${node} to follow ${master}`,
    async () => {
      const { stdout, stderr } = await lab.exec(master, ['gnt-cluster', 'redist-conf'])
      said = `${stdout}${stderr}`
      const { stdout: follows } = await lab.exec(node, ['gnt-cluster', 'getmaster'])
      return follows.startsWith(`${master}.`) || undefined
    },
    { deadlineMs: 420_000, everyMs: 1000 },
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${said}`)
  })
  await lab.execOk(node, ['/usr/lib/ganeti/daemon-util', 'stop-master'])
}
