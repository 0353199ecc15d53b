/**
 * The responder role in a thread of its own, for an agent that is all roles in one process: packets of guests must not wait
 * for a large job file, and a job must not wait for a flood of packets.
 *
 * This file is both sides. In the main thread `openResponderThread` starts it as a worker; a worker that ends by
 * itself ends the agent. In the worker the role runs until the message `stop`.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { createLog } from '#service/log.js'
import type { NodeConfig } from '#service/node-config.js'
import { outcomeError, runTasks } from '#service/tasks.js'
import { openResponderRole } from './responder-role.js'
import type { Role } from './role.js'

/** What the worker is given. */
interface ThreadData {
  readonly responder: { readonly config: NodeConfig; readonly withPriority: boolean }
}

/** How long the role's tasks may take to stop; the agent's own limit is longer. */
const stopDeadlineMs = 5000

/** Starts the responder in a worker; ready when its queues and sockets are open. */
export async function openResponderThread(
  config: NodeConfig,
  { withPriority }: { readonly withPriority: boolean },
): Promise<Role> {
  const data: ThreadData = { responder: { config, withPriority } }
  const worker = new Worker(new URL(import.meta.url), { workerData: data })
  let summary = ''
  let failure: Error | undefined
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  worker.on('error', (error) => {
    failure = error
  })
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve())
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error('the responder’s thread ended before it was ready')))
  })
  worker.on('message', (text: string) => {
    summary = text
  })
  const stop = async (): Promise<void> => {
    worker.postMessage('stop')
    await exited
  }
  return {
    tasks: [
      {
        name: 'responder',
        async run(signal) {
          signal.addEventListener('abort', () => void stop(), { once: true }) // its end is awaited below
          await exited
          if (!signal.aborted) throw failure ?? new Error('the responder’s thread ended')
        },
      },
    ],
    summary: () => summary,
    [Symbol.asyncDispose]: stop,
  }
}

async function runInThread({ responder }: ThreadData): Promise<void> {
  const { config, withPriority } = responder
  const log = createLog({ level: config.agent.log_level, withPriority })
  const stop = new AbortController()
  parentPort?.once('message', () => stop.abort())
  await using role = await openResponderRole(config, log)
  parentPort?.postMessage(role.summary())
  const telling = setInterval(() => parentPort?.postMessage(role.summary()), 5000)
  const outcome = await runTasks(role.tasks, { signal: stop.signal, deadlineMs: stopDeadlineMs })
  clearInterval(telling)
  const error = outcomeError(outcome)
  if (error !== undefined) throw error
}

const given = workerData as ThreadData | null
if (!isMainThread && given !== null && 'responder' in given) await runInThread(given)
