import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import type { Cluster } from '#progress/op-event.js'
import { type DiskFact, readDiskFacts, unionOfDisks } from '../support/disk-facts.js'
import { until } from '../support/until.js'
import type { Lab } from './lab.js'

/** Real jobs that are submitted all the time, on whichever node is the master. */
export interface JobLoad extends AsyncDisposable {
  /** Numbers of the jobs that luxid accepted so far, in order of submission. */
  readonly submitted: readonly number[]
  /** Submits no more; what was accepted runs on. */
  stop(): Promise<void>
}

/** How much of what is submitted. */
export interface JobLoadOptions {
  /** Instances that are switched off and on, one after the other; they must exist (`addInstances`). */
  readonly instances: readonly string[]
  /** Jobs that are handed over at a time, and how long to wait until the next. */
  readonly perTurn: number
  readonly everyMs: number
}

/**
 * Submits jobs over LUXI on the master until stopped: for each instance by turns shutdown and startup, a job each, so that jobs of one
 * instance wait for each other. A master that goes away or refuses is given up, and the next one is used as soon as there is one; a
 * submission whose answer was lost counts as not made.
 */
export function startJobLoad(lab: Lab, options: JobLoadOptions): JobLoad {
  const submitted: number[] = []
  const stopping = new AbortController()
  const running = (async () => {
    while (!stopping.signal.aborted) {
      const master = await lab.master().catch(() => undefined)
      if (master !== undefined) await submitOn(lab, { master, options, submitted, stopping })
      if (!stopping.signal.aborted) await delay(200)
    }
  })()
  const stop = async (): Promise<void> => {
    stopping.abort()
    await running
  }
  return { submitted, stop, [Symbol.asyncDispose]: stop }
}

async function submitOn(
  lab: Lab,
  {
    master,
    options: { instances, perTurn, everyMs },
    submitted,
    stopping,
  }: {
    readonly master: string
    readonly options: JobLoadOptions
    readonly submitted: number[]
    readonly stopping: AbortController
  },
): Promise<void> {
  const settings = [String(perTurn), String(everyMs / 1000), ...instances]
  const program = lab.spawn(master, ['python3', '-c', submitter, ...settings])
  const end = (): void => {
    try {
      program.kill('SIGTERM')
    } catch {
      // it has ended by itself, or its machine has
    }
  }
  stopping.signal.addEventListener('abort', end, { once: true })
  if (stopping.signal.aborted) end()
  program.child.stderr.resume() // why a master refuses does not matter: another one is asked
  for await (const line of createInterface(program.child.stdout))
    if (/^\d+$/.test(line)) submitted.push(Number(line))
  await program.exited
  stopping.signal.removeEventListener('abort', end)
}

/** Makes instances without disks, switched on, spread over the nodes. */
export async function addInstances(
  lab: Lab,
  names: readonly string[],
  nodes: readonly string[],
): Promise<void> {
  for (const [index, name] of names.entries()) {
    const node = `${nodes[index % nodes.length]}.lab.example`
    const what = ['-t', 'diskless', '-o', 'noop+default', '-n', node, '--no-ip-check']
    await lab.gnt(['gnt-instance', 'add', ...what, '--no-name-check', name])
  }
}

/** Waits until the master has no unfinished job. Jobs of a dead master show as such after up to 311 s. */
export async function queueIsIdle(lab: Lab, deadlineMs = 120_000): Promise<void> {
  const argv = ['gnt-job', 'list', '--no-headers', '--running', '-o', 'id']
  const pending = ['gnt-job', 'list', '--no-headers', '--pending', '-o', 'id']
  await until(
    'a queue without unfinished jobs',
    async () => {
      const master = await lab.master()
      const [running, waiting] = [await lab.exec(master, argv), await lab.exec(master, pending)]
      const isIdle = running.code === 0 && waiting.code === 0
      return isIdle && `${running.stdout}${waiting.stdout}`.trim() === '' ? true : undefined
    },
    { deadlineMs, everyMs: 500 },
  )
}

/** What all nodes have on their disks, also those that are down: the final statuses that must arrive. */
export function factsOfLab(
  lab: Lab,
  cluster: Cluster,
  nodes: readonly string[] = lab.nodes,
): ReadonlyMap<string, DiskFact> {
  return unionOfDisks(
    nodes.map((node) => readDiskFacts(lab.path(node, '/var/lib/ganeti/queue'), { cluster, node })),
  )
}

/** The lab's cluster as its messages name it. */
export async function clusterOfLab(lab: Lab): Promise<Cluster> {
  const uuid = (
    await lab.gnt([
      'python3',
      '-c',
      'import json;print(json.load(open("/var/lib/ganeti/config.data"))["cluster"]["uuid"])',
    ])
  ).trim()
  return { name: 'cluster.lab.example', uuid, prefixes: new Map() }
}

/** What runs on the master: one number a line for each job that luxid took; ends at the first refusal. */
const submitter = `
import signal, sys, time
sys.path.insert(0, "/usr/share/ganeti/default")
from ganeti import cli, opcodes
per_turn, pause, names = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
client = cli.GetClient()
count = 0
while True:
  jobs = []
  for _ in range(per_turn):
    name, is_on = names[count % len(names)], count // len(names) % 2
    op = opcodes.OpInstanceStartup if is_on else opcodes.OpInstanceShutdown
    more = {} if is_on else {"timeout": 0}
    jobs.append([op(instance_name=name, **more)])
    count += 1
  signal.alarm(30) # a luxid that is going away may never answer
  for is_taken, job in client.SubmitManyJobs(jobs):
    if not is_taken: sys.exit(1)
    print(job, flush=True)
  time.sleep(pause)
`
