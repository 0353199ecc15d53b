import { encodeEvent } from '#event/encode.js'
import type { NetFact } from '#event/net-fact.js'
import { maxHookFactBytes, parseHookFact } from '#event/net-fact.js'
import type { Job } from '#ganeti/job.js'
import type { Outbox } from '#outbox/outbox.js'
import { hookedOps } from '#progress/hooked-op.js'
import { factOfConfig, netEvent, type ToldOp } from '#progress/net-event.js'
import { createNetMatcher, matchPatienceMs, type UnheardOp } from '#progress/net-matcher.js'
import type { Cluster } from '#progress/op-event.js'
import type { Log } from '#service/log.js'
import type { NodeConfig } from '#service/node-config.js'
import type { Task } from '#service/tasks.js'
import { readRecentJobs } from '#watch/recent-jobs.js'
import { openSpool, type Spool, type SpooledFile, type SpoolNotice } from '#watch/spool.js'
import { createWakeup } from '#watch/wakeup.js'
import type { Mastership } from './cluster-task.js'
import type { DetailsReader } from './details-reader.js'
import type { EventCounters } from './event-counters.js'
import { appendMessages } from './outbox-append.js'

/** Tells the NICs of instances after operations. */
export interface NetTeller {
  /** These versions of jobs were read, and what they tell is in the outbox. */
  readonly onJobs: (jobs: readonly Job[]) => void
  readonly task: Task
}

/** What the teller works with. */
export interface NetParts {
  readonly config: Pick<NodeConfig, 'broker' | 'prefixes'>
  readonly paths: { readonly netSpool: string; readonly queueDirectory: string }
  readonly log: Log
  readonly counters: EventCounters
  readonly mastership: Mastership
  readonly outbox: Outbox
  readonly details: DetailsReader
}

/** What a message is made of. */
interface Told {
  readonly fact: NetFact
  readonly op: ToldOp | undefined
}

/** How often the spool is listed when nothing tells of a file. */
const rescanMs = 5000

/** How often it is looked whether something has waited long enough, and the job queue is asked for what nobody told of. */
const lookMs = 2000

/**
 * How long a node that is not the master keeps what its hooks told: it may become master while what the old one has not told is with it
 * alone. Two nodes that tell the same do so under one id.
 */
const otherNodeMs = 300_000

/** A teller; its task must run. Where there is no broker what hooks tell is thrown away. */
export function createNetTeller(parts: NetParts): NetTeller {
  const { config, paths, log, counters, mastership } = parts
  const matcher = createNetMatcher()
  let wake = (): void => {}
  let hasAsked = false

  async function hold(spool: Spool, files: readonly SpooledFile[]): Promise<void> {
    const over: SpooledFile[] = []
    for (const file of files) {
      const parsed = parseHookFact(file.text)
      if (!parsed.ok) await spool.refuse(file, parsed.problem)
      else if (!config.broker.enabled) over.push(file)
      else if (parsed.value.kind === 'net')
        matcher.hold({ name: file.name, fact: parsed.value }, performance.now())
      else {
        lose(parsed.value.lostCount)
        over.push(file)
      }
    }
    await spool.remove(over)
    wake()
  }

  function lose(count: number): void {
    counters.hooksLost.add(count)
    log('error', 'hooks-lost', { directory: paths.netSpool, lost: count })
  }

  function onNotice(notice: SpoolNotice): void {
    if (notice.kind === 'lost') return lose(notice.count)
    if (notice.kind === 'bad') counters.spoolBad.add()
    log('warning', `net-spool-${notice.kind}`, { directory: paths.netSpool })
  }

  /** @returns whether it may go on */
  async function settle(spool: Spool, signal: AbortSignal): Promise<boolean> {
    const nowMs = performance.now()
    const { view, clusterUuid, isMaster } = mastership.current()
    if (!isMaster || clusterUuid === undefined || view?.ownNode === undefined) {
      const old = matcher.heldSince(nowMs - otherNodeMs).map((held) => ({ ...held, op: undefined }))
      await spool.remove(old)
      matcher.done(old)
      return true
    }
    const cluster = { name: view.clusterName, uuid: clusterUuid, prefixes: config.prefixes }
    const due = matcher.due(nowMs)
    if (!(await send(cluster, view.ownNode, { told: due, signal }))) return false
    await spool.remove(due)
    matcher.done(due)
    counters.netUnmatched.add(due.filter(({ op }) => op === undefined).length)
    const unheard = matcher.unheard(nowMs)
    const told = await fromConfig(unheard, signal)
    if (told === undefined) {
      matcher.expect(unheard, performance.now())
      if (signal.aborted) return false
      counters.netUnread.add(unheard.length)
      log('warning', 'net-status-waits', {
        ops: unheard.length,
        why: 'config.data could not be read within 5 s',
      })
      return true
    }
    counters.netUnheard.add(told.length)
    return await send(cluster, view.ownNode, { told, signal })
  }

  async function send(
    cluster: Cluster,
    node: string,
    { told, signal }: { readonly told: readonly Told[]; readonly signal: AbortSignal },
  ): Promise<boolean> {
    if (told.length === 0) return true
    const origin = { node, cluster: cluster.name }
    const messages = told.map((one) => encodeEvent(netEvent(cluster, { ...one, node }), origin))
    return await appendMessages(parts, messages, signal)
  }

  /** Ops of which no hook told, because none is installed, or there was no room, or the old master had it: what is so now, if it can be read. */
  async function fromConfig(
    ops: readonly UnheardOp[],
    signal: AbortSignal,
  ): Promise<readonly Told[] | undefined> {
    const timeMs = Date.now() // before the reading: a hook that runs meanwhile tells what is newer
    const names = new Set(ops.map(({ instance }) => instance))
    const found = await parts.details.readNow([...names], signal)
    return (
      found &&
      ops.flatMap((op) => {
        const instance = found.get(op.instance)
        if (instance === undefined) return [] // it was removed since
        return [{ op, fact: factOfConfig(instance, { ...op, timeMs }) }]
      })
    )
  }

  /** What was told of a job before a restart is told no more, and a hook that is known is not waited for in vain. */
  async function askQueue(): Promise<void> {
    if (!mastership.current().isMaster) return
    // at the first time also what ended just before: its hook may have found no room
    const sinceMs =
      matcher.oldestUnknownMs() ?? (hasAsked ? undefined : Date.now() - 2 * matchPatienceMs)
    hasAsked = true
    if (sinceMs === undefined) return
    const jobs = await readRecentJobs(paths.queueDirectory, { sinceMs: sinceMs - 1000 })
    matcher.learn(jobs.flatMap(hookedOps), performance.now())
  }

  async function settleAgain(spool: Spool, signal: AbortSignal): Promise<void> {
    const wakeup = createWakeup(signal)
    wake = wakeup.wake
    let askedMs = Number.NEGATIVE_INFINITY
    while (!signal.aborted && (await settle(spool, signal))) {
      await wakeup.sleep(lookMs)
      if (signal.aborted || performance.now() - askedMs < lookMs) continue
      await askQueue()
      askedMs = performance.now()
    }
  }

  return {
    onJobs(jobs) {
      matcher.learn(jobs.flatMap(hookedOps), performance.now())
      wake()
    },
    task: {
      name: 'net',
      async run(signal) {
        const spool = openSpool({
          directory: paths.netSpool,
          maxBytes: maxHookFactBytes,
          rescanMs,
          onNotice,
          isHeld: matcher.holds,
          signal,
        })
        const settling = settleAgain(spool, signal)
        for await (const files of spool.batches()) await hold(spool, files)
        await settling
      },
    },
  }
}
