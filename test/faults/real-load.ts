import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import type { Lab } from '../lab/lab.js'
import { until } from '../support/until.js'

/** Real jobs on the lab's master, all the time. */
export interface RealLoad extends AsyncDisposable {
  /** Jobs that luxid took so far. */
  readonly jobCount: () => number
  /** Jobs a second while it submitted. */
  readonly rate: () => number
  /** Submits no more and waits until every job has ended. */
  readonly finish: (deadlineMs?: number) => Promise<void>
}

/** The reason's source of jobs that luxid is to reject. */
const rejected = 'faults'

/** Names of the instances that the load switches on and off. */
export const instances = ['load1-vm.lab.example', 'load2-vm.lab.example'] as const

/** Makes the instances of the load, without disks, and the filter by which luxid rejects most of its jobs; once in a cluster. */
export async function prepareRealLoad(lab: Lab): Promise<void> {
  const present = await lab.gnt(['gnt-instance', 'list', '--no-headers', '-o', 'name'])
  if (present.includes(instances[0])) return
  const predicates = JSON.stringify([['reason', ['=', 'source', rejected]]])
  await lab.gnt([
    'gnt-filter',
    'add',
    '--priority=0',
    '--action=REJECT',
    `--predicates=${predicates}`,
  ])
  for (const name of instances)
    await lab.gnt([
      ...['gnt-instance', 'add', '-t', 'diskless', '-o', 'noop+default'],
      ...['-n', `${lab.nodes.at(-1)}.lab.example`, name],
    ])
}

/**
 * Starts it: at least 20 jobs a second. luxid runs one process a job, which takes most of a second of CPU, so the machine runs few of them:
 * each instance has one job under way, shutdown and startup by turns; the others are startups that a filter of the cluster rejects, so
 * that luxid itself writes both of their versions, queued and canceled. Whichever node is the master gets them; while none is, there are none.
 */
export function startRealLoad(lab: Lab, jobsPerSecond = 20): RealLoad {
  const stop = new AbortController()
  let jobCount = 0
  let busyMs = 0

  async function submitOn(master: string): Promise<void> {
    const argv = [submitter, rejected, String(jobsPerSecond), ...instances]
    const loader = lab.spawn(master, ['python3', '-c', ...argv])
    const end = (): void => {
      loader.child.stdin.end() // it stops when nobody holds its input
    }
    stop.signal.addEventListener('abort', end, { once: true })
    if (stop.signal.aborted) end()
    loader.child.stderr.resume() // a master that refuses is asked again, or another one
    const startMs = performance.now()
    for await (const line of createInterface(loader.child.stdout)) jobCount += Number(line) || 0
    busyMs += performance.now() - startMs
    await loader.exited
    stop.signal.removeEventListener('abort', end)
  }

  const running = (async () => {
    while (!stop.signal.aborted) {
      const master = await lab.master().catch(() => undefined)
      if (master !== undefined) await submitOn(master).catch(() => undefined)
      if (!stop.signal.aborted) await delay(200)
    }
  })()
  return {
    jobCount: () => jobCount,
    rate: () => (busyMs === 0 ? 0 : (jobCount * 1000) / busyMs),
    async finish(deadlineMs = 120_000) {
      stop.abort()
      await running
      await queueIsIdle(lab, deadlineMs)
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await running
    },
  }
}

/** Waits until the master has no unfinished job. */
async function queueIsIdle(lab: Lab, deadlineMs: number): Promise<void> {
  const list = ['gnt-job', 'list', '--no-headers', '-o', 'id', '--running']
  await until(
    'a queue without unfinished jobs',
    async () => {
      const master = await lab.master().catch(() => undefined)
      if (master === undefined) return undefined
      const running = await lab.exec(master, list)
      const pending = await lab.exec(master, [...list.slice(0, -1), '--pending'])
      const isIdle = running.code === 0 && pending.code === 0
      return isIdle && `${running.stdout}${pending.stdout}`.trim() === '' ? true : undefined
    },
    { deadlineMs, everyMs: 300 },
  )
}

/** Runs on the master, through Ganeti's own client; prints how many jobs luxid took at a time. Ends when its input does, or luxid is away. */
const submitter = `
import os, select, signal, sys, time
sys.path.insert(0, "/usr/share/ganeti/default")
from ganeti import cli, errors, opcodes
source, per_second, names = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
signal.alarm(20)
client = cli.GetClient()
under_way = {}
is_on = dict.fromkeys(names, True)
def is_open(): return not select.select([0], [], [], 0)[0]
while is_open():
  began = time.monotonic()
  signal.alarm(20) # a luxid that is going away may never answer
  jobs = []
  if under_way:
    ids = list(under_way)
    for job, answer in zip(ids, client.QueryJobs(ids, ["status"])):
      if answer is None or answer[0] in ("success", "error", "canceled"): del under_way[job]
  free = [name for name in names if name not in under_way.values()]
  for name in free:
    jobs.append([opcodes.OpInstanceShutdown(instance_name=name, timeout=0) if is_on[name]
                 else opcodes.OpInstanceStartup(instance_name=name)])
    is_on[name] = not is_on[name]
  busy = len(jobs)
  while len(jobs) < per_second // 4 + 1:
    jobs.append([opcodes.OpInstanceStartup(instance_name="rejected%d-vm.lab.example" % len(jobs),
                                           reason=[(source, "", 0)])])
  try:
    answers = client.SubmitManyJobs(jobs)
  except errors.JobQueueDrainError:
    answers = []
  for index, (is_taken, job) in enumerate(answers):
    if is_taken and index < busy: under_way[job] = free[index]
  print(len([1 for is_taken, _ in answers if is_taken]), flush=True)
  time.sleep(max(0, began + 0.25 - time.monotonic()))
`
