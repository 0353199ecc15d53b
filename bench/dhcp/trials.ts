/** Trials that are not about rates: start, one binding more, a burst while paused, a flood beside honest guests. */
import { setTimeout as delay } from 'node:timers/promises'
import { median } from './rates.js'
import { fineCpuMs, type ServerKind, startServer } from './server.js'
import type { Stage } from './stage.js'

/** From the start of the process until the first client, and all of them, have an address; and its CPU time until then. */
export interface StartTimes {
  readonly firstMs: number
  readonly allMs: number
  readonly cpuMs: number
}

/** Starts a server while all clients of the stage ask. */
export async function trialStart(stage: Stage, kind: ServerKind): Promise<StartTimes> {
  const count = stage.clients.length
  await using server = await startServer(stage, { kind, known: stage.clients, count })
  return { firstMs: server.firstMs, allMs: server.allMs, cpuMs: fineCpuMs(server.pid) }
}

/** What it costs to make one client more known. */
export interface AddCosts {
  /** CPU of the server over that of as much idle time, milliseconds. */
  readonly cpuMs: number
  /** From before the binding is written until the client, which asks each two milliseconds, has its address. */
  readonly servedMs: number
}

/** Starts a server that knows all but the last `count` clients, then adds those one by one. */
export async function trialAdd(stage: Stage, kind: ServerKind, count: number): Promise<AddCosts> {
  const knownCount = stage.clients.length - count
  const known = stage.clients.slice(0, knownCount)
  await using server = await startServer(stage, { kind, known, count: 1 })
  const { add } = server
  if (add === undefined) throw new Error(`${kind.name} cannot be told of a client while it runs`)
  await stage.generator.run({ count: knownCount, seconds: 1 })
  await delay(2000)
  const cpuOf = async (work: () => void) => {
    const beforeMs = fineCpuMs(server.pid)
    work()
    await delay(100)
    return fineCpuMs(server.pid) - beforeMs
  }
  const idleMs: number[] = []
  const cpuMs: number[] = []
  const servedMs: number[] = []
  for (const client of stage.clients.slice(knownCount)) {
    const isTimed = client.index % 2 === 0
    if (!isTimed) {
      idleMs.push(await cpuOf(() => {}))
      cpuMs.push(await cpuOf(() => add(client)))
    }
    const beganNs = process.hrtime.bigint()
    if (isTimed) add(client)
    const {
      done,
      beganNs: askedNs,
      firstMs,
    } = await stage.generator.run({
      ...{ once: 1, first: client.index, count: 1, window: 1, retry_ms: 2, tries: 1e6 },
      seconds: 10,
    })
    if (done !== 1) throw new Error(`${kind.name} does not serve ${client.hostname}`)
    if (isTimed) servedMs.push(Number(askedNs - beganNs) / 1e6 + firstMs)
  }
  return { cpuMs: median(cpuMs) - median(idleMs), servedMs: median(servedMs) }
}

/** What became of frames that came while a server was stopped for two seconds. */
export interface BurstOutcome {
  readonly frames: number
  readonly answered: number
  /** Dropped by the kernel because the queue was full, and because the socket's buffer was. */
  readonly queueDropped: number
  readonly userDropped: number
}

/** Stops a server, sends DISCOVERs without waiting, and lets it go on. */
export async function trialBurst(
  stage: Stage,
  kind: ServerKind,
  frames: number,
): Promise<BurstOutcome> {
  await using server = await startServer(stage, {
    ...{ kind, known: stage.clients, count: 1, limits: 'default' },
  })
  await stage.generator.run({ interval_us: 64_000, seconds: 2 })
  await delay(1000) // what limits a guest's rate has forgotten this
  process.kill(server.pid, 'SIGSTOP')
  const burst = stage.generator.burst({ frames, seconds: 8 })
  await delay(2000)
  process.kill(server.pid, 'SIGCONT')
  const { answered } = await burst
  const dropped = { queueDropped: 0, userDropped: 0 }
  for (const line of stage.exec('cat', ['/proc/net/netfilter/nfnetlink_queue']).split('\n')) {
    // queue, portid, waiting, copy mode, copy range, dropped by the queue, dropped by the socket, id, 1
    const [, , , , , queueText = '0', userText = '0'] = line.trim().split(/ +/)
    dropped.queueDropped += Number(queueText)
    dropped.userDropped += Number(userText)
  }
  return { frames, answered, ...dropped }
}

/** How other guests fare while one floods. */
export interface FloodOutcome {
  readonly unloadedP99Ms: number
  readonly floodedP99Ms: number
  readonly exchanges: number
  readonly retries: number
  readonly lost: number
  readonly floodAnswers: number
}

/** Client 0 sends DISCOVERs at a rate; the others, one each two milliseconds, make exchanges, without and with that. */
export async function trialFlood(
  stage: Stage,
  kind: ServerKind,
  { rate, seconds }: { rate: number; seconds: number },
): Promise<FloodOutcome> {
  await using _server = await startServer(stage, {
    ...{ kind, known: stage.clients, count: 1, limits: 'default' },
  })
  const calm = { window: 1, interval_us: 2000, first: 1, count: stage.clients.length - 1, seconds }
  await stage.generator.run({ ...calm, seconds: 1 })
  const unloaded = await stage.generator.run(calm)
  const flooded = await stage.generator.run({ ...calm, flood_client: 0, flood_rate: rate })
  return {
    unloadedP99Ms: unloaded.p99Ms,
    floodedP99Ms: flooded.p99Ms,
    exchanges: flooded.total,
    retries: flooded.retries,
    lost: flooded.lost,
    floodAnswers: flooded.floodAnswers,
  }
}
