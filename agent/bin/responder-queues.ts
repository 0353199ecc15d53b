import type { Frames } from '#kernel/frames.js'
import { openPacketQueue, type PacketQueue } from '#kernel/packet-queue.js'
import { areQueueStatsReadable, readQueueStats } from '#kernel/queue-stats.js'
import type { Dispatcher } from '#responder/dispatch.js'
import type { Log } from '#service/log.js'
import type { NodeConfig } from '#service/node-config.js'
import { type PacketObserver, packetLoop } from './packet-loop.js'
import type { QueueStatus } from './responder-status.js'

/** What the queues of a responder work with. */
export interface QueueParts {
  readonly config: NodeConfig
  readonly log: Log
  readonly dispatcher: Dispatcher
  readonly frames: Frames
  readonly observer: () => PacketObserver | undefined
  readonly onAcknowledged: (ifindex: number, sourceMac: number | undefined) => void
  readonly onSent: (sent: number, refused: readonly number[]) => void
}

/** All queues of a responder. */
export interface ResponderQueues extends AsyncDisposable {
  status(): readonly QueueStatus[]
}

/**
 * Binds a queue for each kind of packets, twice: for networks whose packets pass while nobody answers, and for those whose
 * packets are dropped then. That a full queue lets packets pass is a property of the queue, so one cannot be both.
 */
export function openResponderQueues(parts: QueueParts): ResponderQueues {
  const { queueing } = parts.config
  const kinds = [
    ['DHCPv4', queueing.dhcp_queue],
    ['router solicitations', queueing.rs_queue],
    ['neighbour solicitations', queueing.ns_queue],
    ['DHCPv6', queueing.dhcpv6_queue],
  ] as const
  const open: { readonly number: number; readonly purpose: string; readonly queue: PacketQueue }[] =
    []
  const close = (): void => {
    for (const { queue } of open) queue.close()
  }
  try {
    for (const [purpose, number] of kinds) {
      open.push({ number, purpose, queue: openQueue(parts, number, 'pass') })
      const strict = number + queueing.drop_queue_offset
      open.push({
        number: strict,
        purpose: `${purpose} (when_down drop)`,
        queue: openQueue(parts, strict, 'drop'),
      })
    }
  } catch (error) {
    close()
    throw error
  }
  return {
    status: () => {
      const isTold = areQueueStatsReadable()
      return open.map(({ number, purpose, queue }) => {
        const stats = readQueueStats(number)
        const { received, overflows, verdictErrors } = queue.counters()
        return {
          number,
          purpose,
          state: queue.state,
          received,
          overflows,
          verdictErrors,
          waiting: isTold ? (stats?.waiting ?? 0) : null,
          dropped: isTold ? (stats?.queueDropped ?? 0) + (stats?.userDropped ?? 0) : null,
        }
      })
    },
    async [Symbol.asyncDispose]() {
      close()
    },
  }
}

function openQueue(
  { config, log, dispatcher, frames, observer, onAcknowledged, onSent }: QueueParts,
  queueNumber: number,
  whenDown: 'pass' | 'drop',
): PacketQueue {
  return openPacketQueue({
    queueNumber,
    maxLength: config.queueing.max_length,
    receiveBufferBytes: config.queueing.receive_buffer.bytes,
    isFailOpen: whenDown === 'pass',
    defaultVerdict: whenDown === 'pass' ? 'accept' : 'drop',
    onBatch: packetLoop({
      dispatcher,
      frames,
      whenDown,
      monotonicMs: () => performance.now(),
      unixMs: Date.now,
      observer,
      onAcknowledged,
      onSent,
    }),
    onProblem: ({ code, message, hint }) =>
      log('warning', 'queue-problem', { queue: queueNumber, code, problem: message, cure: hint }),
    onBound: () => log('debug', 'queue-bound', { queue: queueNumber }),
  })
}
