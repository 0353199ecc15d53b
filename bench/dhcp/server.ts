import type { ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { cpuMs, rssMebibytes } from '../harness.js'
import type { Client } from './clients.js'
import type { Stage } from './stage.js'

/** A DHCP server that can be put to the test. */
export interface ServerKind {
  readonly name: string
  /** Whether it gets its packets from the queues; else it listens like any server. */
  readonly isQueueing: boolean
  /** Whether it answers router solicitations. */
  readonly hasRa: boolean
  /** Writes its configuration, in which `clients` are known, and says how it is started. */
  readonly prepare: (stage: Stage, clients: readonly Client[], limits: Limits) => Prepared
}

/** How many packets a guest may send, where a server limits that: as it is by default, or more than the bench sends. */
export type Limits = 'default' | 'raised'

/** How a server is started. */
export interface Prepared {
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Makes one more client known to the running server. */
  readonly add?: (client: Client) => void
}

/** A server that answers. */
export interface RunningServer extends AsyncDisposable {
  readonly pid: number
  /** From before the process was made until the first client had its address. */
  readonly firstMs: number
  /** The same for the last of the first clients, when all of them were asked for. */
  readonly allMs: number
  readonly add: Prepared['add']
  readonly cpuMs: () => number
  readonly rssMebibytes: () => number
}

/** How long a server may take until it answers. */
const startDeadlineSeconds = 30

/**
 * Starts a server while clients ask already; resolves when the first `count` clients of the stage have their addresses.
 * @param known the clients that it is told of
 */
export async function startServer(
  stage: Stage,
  {
    kind,
    known,
    count,
    limits = 'raised',
  }: { kind: ServerKind; known: readonly Client[]; count: number; limits?: Limits },
): Promise<RunningServer> {
  const prepared = kind.prepare(stage, known, limits)
  stage.setQueueing(kind.isQueueing)
  const beganNs = process.hrtime.bigint()
  const child = stage.spawn(prepared.command, prepared.env)
  const output = collect(child)
  const stop = async () => {
    await kill(child)
    stage.setQueueing(false)
  }
  const { pid } = child
  if (pid === undefined) throw new Error(`${kind.name} does not start`)
  const ended = new Promise<never>((_, reject) => {
    child.once('exit', (code) => reject(new Error(`${kind.name} ended (${code}):\n${output()}`)))
  })
  ended.catch(() => {}) // it also ends when it is stopped
  const asked = stage.generator.run({
    ...{ once: 1, count, window: Math.min(count, 64), retry_ms: 20, tries: 1e6 },
    seconds: startDeadlineSeconds,
  })
  const first = await Promise.race([asked, ended])
  if (first.done < count || first.bad > 0) {
    await stop()
    throw new Error(
      `${kind.name} served ${first.done} of ${count} clients, ${first.bad} answers wrong (${first.firstBad}):\n${output()}`,
    )
  }
  const offsetMs = Number(first.beganNs - beganNs) / 1e6
  return {
    pid,
    firstMs: first.firstMs + offsetMs,
    allMs: first.lastMs + offsetMs,
    add: prepared.add,
    cpuMs: () => cpuMs(pid),
    rssMebibytes: () => rssMebibytes(pid),
    [Symbol.asyncDispose]: stop,
  }
}

/** CPU time of all threads that live, from the scheduler's own account: finer than the ticks of `cpuMs`. */
export function fineCpuMs(pid: number): number {
  let nanoseconds = 0
  for (const thread of readdirSync(`/proc/${pid}/task`))
    nanoseconds += Number(
      readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0],
    )
  return nanoseconds / 1e6
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
}

/** The last of what a server says, for when it fails. */
function collect(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-4000)
    })
  return () => text
}
