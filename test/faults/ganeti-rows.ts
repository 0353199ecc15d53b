import { chmodSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import path from 'node:path'
import type { Lab } from '../lab/lab.js'
import { until } from '../support/until.js'
import type { Row, RowContext } from './row.js'

/** Faults of what the agent reads, and of Ganeti's own daemons. */
export const ganetiRows: readonly Row[] = [
  {
    name: 'queue-directory',
    title: () => 'queue directory replaced; made unreadable; drained',
    nodes: 1,
    isSavedByOutbox: false,
    strike: async (context) => {
      const { world, kept, pass, isShort } = context
      await replaceQueue(context)
      await pass(isShort ? 1 : 10)
      chmodSync(kept.stage.queueDirectory, 0)
      await pass(isShort ? 2 : 30)
      chmodSync(kept.stage.queueDirectory, 0o755)
      await world.lab.gnt(['gnt-cluster', 'queue', 'drain'])
      await pass(isShort ? 1 : 10)
      await world.lab.gnt(['gnt-cluster', 'queue', 'undrain'])
      await pass(1)
    },
  },
  {
    name: 'archived',
    title: () => 'all jobs archived while the agent is off',
    nodes: 1,
    isSavedByOutbox: false,
    strike: async ({ world, kept, load, pass, isShort }) => {
      await Promise.all([world.agents('stop'), kept.end('SIGTERM')])
      await pass(isShort ? 3 : 60)
      await kept.replay().finish()
      await load.finish()
      for (const name of readdirSync(kept.queue.directory)) {
        const id = Number(/^job-(\d+)$/.exec(name)?.[1])
        if (id > 0) kept.queue.archive(id)
      }
      await world.lab.gnt(['gnt-job', 'autoarchive', 'all'])
      await Promise.all([world.agents('start'), kept.start()])
    },
  },
  {
    name: 'luxid',
    title: (isShort) => `luxid killed and started again, ${isShort ? 'once' : '5 times'}`,
    nodes: 1,
    isSavedByOutbox: false,
    strike: async ({ world, pass, isShort }) => {
      for (let kill = 0; kill < (isShort ? 1 : 5); kill++) {
        await restartLuxid(world)
        await pass(isShort ? 2 : 10)
      }
    },
  },
  {
    name: 'job-process',
    title: (isShort) =>
      isShort
        ? 'a running job’s process killed; luxid sees it when it is asked to cancel the job'
        : 'a running job’s process killed; luxid sees it by itself',
    nodes: 1,
    isSavedByOutbox: false,
    strike: async ({ world, pass, isShort }) => {
      const { lab } = world
      const job = await submitDelay(lab)
      const killed = await until('the job’s process', () => runningProcess(lab, job), {
        deadlineMs: 120_000,
      })
      await lab.execOk('n1', ['kill', '-KILL', String(killed)])
      await pass(1)
      // luxid looks for dead jobs every 307 s, not when it starts; or when it is to kill one (Query/Server.hs)
      if (isShort) await lab.gnt(['gnt-job', 'cancel', '--kill', '--yes-do-it', String(job)])
      await until('the job’s end', () => (statusOf(lab, job) === 'error' ? true : undefined), {
        deadlineMs: isShort ? 60_000 : 400_000,
      })
      const { result } = opOf(lab, job) ?? {}
      if (!String(result).startsWith('detected death'))
        throw new Error(`job ${job} did not die: ${JSON.stringify(result)}`)
    },
  },
]

/** Another directory of the same name, as when a queue is restored; the files are the same. */
async function replaceQueue({ kept }: RowContext): Promise<void> {
  const { queueDirectory } = kept.stage
  await kept.replay().pause()
  const old = `${queueDirectory}.old`
  renameSync(queueDirectory, old)
  mkdirSync(queueDirectory)
  for (const name of readdirSync(old))
    linkSync(path.join(old, name), path.join(queueDirectory, name))
  kept.replay().go()
}

/** start-stop-daemon goes by no pid file of a daemon that is not root's, so the dead one's must go first. */
async function restartLuxid({ lab, asService }: RowContext['world']): Promise<void> {
  await lab.execOk('n1', ['pkill', '-KILL', '-x', 'ganeti-luxid'])
  await until('luxid’s death', async () => {
    const { code } = await lab.exec('n1', ['pgrep', '-x', 'ganeti-luxid'])
    return code === 1 ? true : undefined
  })
  await lab.execOk('n1', ['rm', '-f', '/run/ganeti/ganeti-luxid.pid'])
  await asService('n1', ['/usr/lib/ganeti/daemon-util', 'start', 'ganeti-luxid'])
}

async function submitDelay(lab: Lab): Promise<number> {
  const { stderr } = await lab.exec('n1', ['gnt-debug', 'delay', '--submit', '600'])
  const id = Number(/^JobID: (\d+)$/m.exec(stderr)?.[1])
  if (!(id > 0)) throw new Error(`no job number in: ${stderr}`)
  return id
}

function readQueued(lab: Lab, job: number): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(readFileSync(lab.path('n1', `/var/lib/ganeti/queue/job-${job}`), 'utf8'))
  } catch {
    return undefined
  }
}

function opOf(
  lab: Lab,
  job: number,
): { readonly status?: unknown; readonly result?: unknown } | undefined {
  const ops = readQueued(lab, job)?.['ops']
  return Array.isArray(ops) ? ops[0] : undefined
}

function statusOf(lab: Lab, job: number): unknown {
  return opOf(lab, job)?.status
}

function runningProcess(lab: Lab, job: number): number | undefined {
  const pid = Number(readQueued(lab, job)?.['process_id'])
  return statusOf(lab, job) === 'running' && pid > 1 ? pid : undefined
}
