/**
 * A program that holds a queue, so that a test can stop, kill, preload or starve it. Argument: {@link HolderOptions} as
 * JSON. Sends `{ state }` when the queue is bound or waits, `{ uncaught }` for an uncaughtException; answers each
 * message with `{ counters, state }`; the message `close` closes the queue first.
 */
import { NF_DROP } from '#kernel/packet-batch.js'
import type { PacketQueueCounters, QueueState } from '#kernel/packet-queue.js'
import { openPacketQueue } from '#kernel/packet-queue.js'

/** What a holder does. */
export interface HolderOptions {
  readonly queueNumber: number
  readonly defaultVerdict: 'accept' | 'drop'
  readonly receiveBufferBytes?: number
  readonly isSilentOverflow?: boolean
  readonly isFailOpen?: boolean
  readonly maxLength?: number
  readonly checkEveryMs?: number
  /** `throw`: drops the second packet of a batch, then throws; `close`: closes the queue in the callback. */
  readonly inCallback?: 'throw' | 'close'
}

/** What a holder says. */
export interface HolderMessage {
  readonly state?: QueueState
  readonly counters?: PacketQueueCounters
  readonly uncaught?: string
}

const { inCallback, ...options } = JSON.parse(process.argv[2] ?? '{}') as HolderOptions

const queue = openPacketQueue({
  ...options,
  onBatch: ({ verdicts }) => {
    if (inCallback === 'close') queue.close()
    if (inCallback !== 'throw') return
    verdicts[1] = NF_DROP
    throw new Error('on purpose')
  },
  onProblem: () => tellState(),
  onBound: () => setImmediate(tellState),
})

process.on('uncaughtException', (error) => tell({ uncaught: error.message }))
process.on('message', (message) => {
  if (message === 'close') queue.close()
  tell({ counters: queue.counters(), state: queue.state })
})

function tellState(): void {
  setImmediate(() => tell({ state: queue.state }))
}

function tell(message: HolderMessage): void {
  process.send?.(message)
}
