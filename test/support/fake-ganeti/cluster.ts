import type { JsonValue } from '#ganeti/json-value.js'
import type { FakeConfig, FakeInstance, FakeNetwork, FakeOp } from './model.js'
import { OpFailure, runOp } from './ops.js'

/** A job as it has it. */
export interface FakeJob {
  readonly id: number
  readonly ops: readonly FakeOp[]
  readonly reason: string | undefined
  readonly depends: readonly number[]
  readonly receivedMs: number
  statuses: string[]
  results: JsonValue[]
  startMs: number | undefined
  endMs: number | undefined
  isArchived: boolean
}

/** A Ganeti cluster in memory: as much of it as the centre has to do with, with the texts of its errors (3.0 and 3.1). */
export interface FakeCluster extends FakeConfig {
  readonly jobs: Map<number, FakeJob>
  /** Takes a job; it runs after `jobMs`, in order, once the jobs that it depends on have ended. */
  submit(
    ops: readonly FakeOp[],
    options?: { readonly reason?: string; readonly depends?: readonly number[] },
  ): number
  /** Runs all that can run at once. */
  runJobs(): void
  /** What is told when a job has ended. */
  onEnd(listener: (job: FakeJob) => void): void
  close(): void
}

/** A new cluster. @param jobMs how long a job takes; undefined: until `runJobs` is called */
export function createFakeCluster({ jobMs }: { readonly jobMs?: number } = {}): FakeCluster {
  const cluster = {
    instances: new Map<string, FakeInstance>(),
    networks: new Map<string, FakeNetwork>(),
    jobs: new Map<number, FakeJob>(),
  }
  const listeners: ((job: FakeJob) => void)[] = []
  const timers = new Set<NodeJS.Timeout>()
  let lastId = 0

  function runJobs(): void {
    for (let isMoving = true; isMoving; ) {
      isMoving = false
      for (const job of cluster.jobs.values()) {
        if (job.endMs !== undefined || !job.depends.every(hasEnded)) continue
        run(job)
        isMoving = true
      }
    }
  }
  function hasEnded(id: number): boolean {
    const job = cluster.jobs.get(id)
    return job === undefined || job.endMs !== undefined
  }
  function run(job: FakeJob): void {
    job.startMs = Date.now()
    job.ops.forEach((op, index) => {
      if (job.statuses.includes('error')) {
        job.statuses[index] = 'error'
        job.results[index] = ['OpExecError', ['Preceding opcode failed']]
        return
      }
      try {
        job.results[index] = runOp(cluster, op)
        job.statuses[index] = 'success'
      } catch (error) {
        if (!(error instanceof OpFailure)) throw error
        job.results[index] = [error.kind, [...error.details]]
        job.statuses[index] = 'error'
      }
    })
    job.endMs = Date.now()
    for (const listener of listeners) listener(job)
  }
  return {
    ...cluster,
    submit(ops, { reason, depends = [] } = {}) {
      lastId += 1
      cluster.jobs.set(lastId, {
        id: lastId,
        ops,
        reason,
        depends,
        receivedMs: Date.now(),
        statuses: ops.map(() => 'queued'),
        results: ops.map(() => null),
        startMs: undefined,
        endMs: undefined,
        isArchived: false,
      })
      if (jobMs !== undefined) {
        const timer = setTimeout(() => {
          timers.delete(timer)
          runJobs()
        }, jobMs)
        timers.add(timer)
      }
      return lastId
    },
    runJobs,
    onEnd: (listener) => void listeners.push(listener),
    close: () => timers.forEach(clearTimeout),
  }
}

/** A job's own status (`calcJobStatus`). */
export function statusOf({ statuses }: FakeJob): string {
  return (
    statuses.find((status) => status === 'error' || status === 'canceled') ??
    (statuses.every((status) => status === 'success') ? 'success' : 'queued')
  )
}
