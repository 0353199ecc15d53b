import { backoffMs } from '#backoff.js'
import type { Addon, NativeQueue, NativeQueueCounters, NativeQueueOptions } from './native.js'
import { loadAddon } from './native.js'
import type { PacketBatch } from './packet-batch.js'
import { MAX_BATCH, NF_ACCEPT, NF_DROP } from './packet-batch.js'
import type { QueueProblem } from './queue-problem.js'
import { bindProblem, bufferProblem, lostProblem } from './queue-problem.js'
import { areQueueStatsReadable, readQueueStats } from './queue-stats.js'

/** How a netfilter queue is bound and who hears of its packets. */
export interface PacketQueueOptions {
  readonly queueNumber: number
  /** How much of a packet is copied, at most 1984. Default 1600. */
  readonly copyRangeBytes?: number
  /** Packets that may wait in the kernel. Default 16,384. */
  readonly maxLength?: number
  /** The real limit of a burst: a packet costs 1,280 bytes of twice this. Forced beyond rmem_max. Default 16 MiB. */
  readonly receiveBufferBytes?: number
  /** When the queue is full, packets pass instead of being dropped. Default false. */
  readonly isFailOpen?: boolean
  /** The kernel does not say when the receive buffer was full; its own count of what that cost goes on. Default false. */
  readonly isSilentOverflow?: boolean
  /** For packets that `onBatch` does not decide: it threw, was not called, or wrote no verdict. */
  readonly defaultVerdict: 'accept' | 'drop'
  /** Packets of one batch, 1 to 64. Default 64. */
  readonly budget?: number
  /** Writes a verdict for each of `count` packets. What it throws becomes an uncaughtException, after the verdicts are sent. */
  readonly onBatch: (batch: PacketBatch, count: number) => void
  /** The queue is not, or no longer, bound and is tried again; or it is bound with less than was asked for. Once an outage. */
  readonly onProblem: (problem: QueueProblem) => void
  /** The queue is bound, also again after a problem. */
  readonly onBound?: (bound: QueueBound) => void
  /** How often the kernel is asked whether the queue is still ours; it tells only root. Default 2,000. */
  readonly checkEveryMs?: number
}

/** What the kernel granted. */
export interface QueueBound {
  readonly kind: 'bound'
  readonly portId: number
  readonly receiveBufferBytes: number
}

/** Whether packets come. */
export type QueueState =
  | QueueBound
  | { readonly kind: 'waiting'; readonly problem: QueueProblem }
  | { readonly kind: 'closed' }

/** What all bindings of the queue together have seen. */
export interface PacketQueueCounters extends NativeQueueCounters {
  /** How often the queue was bound. */
  readonly bound: number
}

/** A queue that is bound, or tries to be until it is closed. */
export interface PacketQueue {
  readonly state: QueueState
  counters(): PacketQueueCounters
  /** Gives what still waits the default verdict and lets go of the queue; a second call does nothing. */
  close(): void
  [Symbol.asyncDispose](): Promise<void>
}

const retryPolicy = { firstMs: 100, maxMs: 5000 }

const defaultReceiveBufferBytes = 16 << 20

const noCounters: NativeQueueCounters = {
  received: 0,
  batches: 0,
  verdicts: 0,
  verdictErrors: 0,
  staleVerdicts: 0,
  overflows: 0,
  retried: 0,
  malformed: 0,
  throws: 0,
}

/**
 * Takes packets from a netfilter queue (NFQUEUE, nft `queue`) of any family.
 *
 * A queue that another program has, or that the kernel forgets, is a problem that is told once and tried again with
 * back-off; only options that make no sense throw.
 * @throws AgentError NATIVE_MISSING; TypeError or RangeError for options out of range
 */
export function openPacketQueue(options: PacketQueueOptions): PacketQueue {
  const { PacketQueue } = loadAddon()
  const { queueNumber, onProblem, onBound, checkEveryMs = 2000 } = options
  const wantedBytes = options.receiveBufferBytes ?? defaultReceiveBufferBytes
  let state: QueueState
  let native: NativeQueue | undefined // the last one, also when it is closed: its counters go on counting
  let earlier = noCounters
  let boundCount = 0
  let attempt = 0
  let timer: NodeJS.Timeout | undefined

  function bind(): QueueState {
    let opened: NativeQueue
    try {
      opened = bindNative(PacketQueue, options, lose)
    } catch (error) {
      const problem = bindProblem(queueNumber, error)
      if (problem === undefined) throw error
      return wait(problem)
    }
    earlier = total()
    native = opened
    boundCount++
    attempt = 0
    timer = setInterval(check, checkEveryMs)
    const grantedBytes = opened.receiveBufferBytes / 2
    const bound: QueueBound = {
      kind: 'bound',
      portId: opened.portId,
      receiveBufferBytes: grantedBytes,
    }
    state = bound
    onBound?.(bound)
    const small = bufferProblem(queueNumber, { wantedBytes, grantedBytes })
    if (small !== undefined) onProblem(small)
    return state
  }

  function wait(problem: QueueProblem): QueueState {
    const isNews = attempt === 0
    timer = setTimeout(bind, backoffMs(retryPolicy, attempt++, Math.random()))
    state = { kind: 'waiting', problem }
    if (isNews) onProblem(problem)
    return state
  }

  function lose(code: string): void {
    if (state.kind !== 'bound') return
    release()
    wait(lostProblem(queueNumber, code))
  }

  function check(): void {
    if (!areQueueStatsReadable()) return // nobody tells us, and losing what we have would be worse
    if (readQueueStats(queueNumber)?.portId !== native?.portId) lose('LOST')
  }

  function release(): void {
    clearTimeout(timer)
    native?.close()
  }

  function total(): NativeQueueCounters {
    return native === undefined ? earlier : add(earlier, native.counters())
  }

  function close(): void {
    release()
    state = { kind: 'closed' }
  }

  state = bind()
  return {
    get state() {
      return state
    },
    counters: () => ({ ...total(), bound: boundCount }),
    close,
    async [Symbol.asyncDispose]() {
      close()
    },
  }
}

function bindNative(
  PacketQueue: Addon['PacketQueue'],
  options: PacketQueueOptions,
  onLost: NativeQueueOptions['onLost'],
): NativeQueue {
  const native = new PacketQueue({
    queueNumber: options.queueNumber,
    copyRangeBytes: options.copyRangeBytes ?? 1600,
    maxLength: options.maxLength ?? 16_384,
    receiveBufferBytes: options.receiveBufferBytes ?? defaultReceiveBufferBytes,
    isFailOpen: options.isFailOpen ?? false,
    isSilentOverflow: options.isSilentOverflow ?? false,
    defaultVerdict: options.defaultVerdict === 'accept' ? NF_ACCEPT : NF_DROP,
    budget: options.budget ?? MAX_BATCH,
    onBatch: (count) => options.onBatch(batch, count),
    onLost,
  })
  const batch: PacketBatch = { bytes: native.bytes, meta: native.meta, verdicts: native.verdicts }
  return native
}

function add(a: NativeQueueCounters, b: NativeQueueCounters): NativeQueueCounters {
  return {
    received: a.received + b.received,
    batches: a.batches + b.batches,
    verdicts: a.verdicts + b.verdicts,
    verdictErrors: a.verdictErrors + b.verdictErrors,
    staleVerdicts: a.staleVerdicts + b.staleVerdicts,
    overflows: a.overflows + b.overflows,
    retried: a.retried + b.retried,
    malformed: a.malformed + b.malformed,
    throws: a.throws + b.throws,
  }
}
