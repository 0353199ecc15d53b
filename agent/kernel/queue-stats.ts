import { readFileSync } from 'node:fs'
import { systemCode } from '#errors.js'

/** What the kernel says of one bound queue: a row of /proc/net/netfilter/nfnetlink_queue (net/netfilter/nfnetlink_queue.c, seq_show). */
export interface QueueStats {
  readonly queueNumber: number
  /** Netlink port of the socket that bound it; often the process id. */
  readonly portId: number
  /** Packets that wait for a verdict. */
  readonly waiting: number
  /** Dropped because as many as `maxLength` waited. */
  readonly queueDropped: number
  /** Dropped because the receive buffer was full. */
  readonly userDropped: number
  /** Id of the last packet that was queued. */
  readonly lastId: number
}

/** Reads the kernel's table; rows that are not understood are left out. */
export function parseQueueStats(text: string): readonly QueueStats[] {
  return text.split('\n').flatMap((row) => {
    const [queueNumber, portId, waiting, , , queueDropped, userDropped, lastId] = row
      .trim()
      .split(/\s+/)
      .map((word) => (/^\d+$/.test(word) ? Number(word) : undefined))
    if (
      queueNumber === undefined ||
      portId === undefined ||
      waiting === undefined ||
      queueDropped === undefined ||
      userDropped === undefined ||
      lastId === undefined
    )
      return []
    return [{ queueNumber, portId, waiting, queueDropped, userDropped, lastId }]
  })
}

/**
 * The kernel's word on a queue of this network namespace, or undefined when nobody has bound it (or the kernel has no
 * queues at all), or when we may not know ({@link areQueueStatsReadable}). Never throws; a few microseconds, for the table is in
 * memory.
 */
export function readQueueStats(queueNumber: number): QueueStats | undefined {
  return parseQueueStats(readTable() ?? '').find((stats) => stats.queueNumber === queueNumber)
}

/** Whether the kernel tells us of queues: its table is root's (mode 0440), and CAP_NET_ADMIN does not open it. */
export function areQueueStatsReadable(): boolean {
  return readTable() !== undefined
}

/** Undefined when it is not for us to read. */
function readTable(): string | undefined {
  try {
    return readFileSync('/proc/self/net/netfilter/nfnetlink_queue', 'utf8')
  } catch (error) {
    // else there is no nfnetlink_queue in this kernel: nobody has bound anything
    return systemCode(error) === 'EACCES' ? undefined : ''
  }
}
