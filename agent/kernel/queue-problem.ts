import { systemCode } from '#errors.js'
import { areQueueStatsReadable, readQueueStats } from './queue-stats.js'

/** Why a queue does not do what was asked for. */
export interface QueueProblem {
  /**
   * `EPERM` taken by another program, or no CAP_NET_ADMIN; `LOST` the kernel forgot that we bound it; `SMALL_BUFFER` bound,
   * but a burst may overflow it; `ERR_MEMORY_DETACHED` somebody transferred the batch's memory; else the kernel's errno.
   */
  readonly code: string
  readonly message: string
  /** What to do about it. */
  readonly hint: string
}

/** What is to be said when the kernel refused to bind a queue, or undefined for an error that is a bug of the caller. */
export function bindProblem(queueNumber: number, error: unknown): QueueProblem | undefined {
  const code = systemCode(error)
  if (code === undefined || !(error instanceof Error) || code.startsWith('ERR_')) return undefined
  const message = `queue ${queueNumber} cannot be bound: ${error.message}`
  return { code, message, hint: bindHint(queueNumber, code) }
}

/** What is to be said when a bound queue ended. @param code the addon's, or `LOST` */
export function lostProblem(queueNumber: number, code: string): QueueProblem {
  const why =
    code === 'ERR_MEMORY_DETACHED'
      ? 'the memory of its batches was transferred'
      : `the kernel says that it is not ours any more (${code})`
  return {
    code,
    message: `queue ${queueNumber} is lost: ${why}`,
    hint: 'it is bound again by itself; if this repeats, another program works on the same queue',
  }
}

/** What is to be said when a burst may be larger than the receive buffer; undefined when it is as large as asked for. */
export function bufferProblem(
  queueNumber: number,
  { wantedBytes, grantedBytes }: { readonly wantedBytes: number; readonly grantedBytes: number },
): QueueProblem | undefined {
  if (grantedBytes >= wantedBytes) return undefined
  return {
    code: 'SMALL_BUFFER',
    message: `queue ${queueNumber} has a receive buffer of ${grantedBytes} bytes instead of ${wantedBytes}`,
    hint: 'give the program CAP_NET_ADMIN in the initial user namespace, or raise net.core.rmem_max',
  }
}

function bindHint(queueNumber: number, code: string): string {
  if (code === 'EPERM' || code === 'EBUSY') {
    if (!areQueueStatsReadable())
      return 'another program has it (okeanid doctor, as root, says which), or CAP_NET_ADMIN is missing'
    const owner = readQueueStats(queueNumber)?.portId
    return owner === undefined
      ? 'give the program CAP_NET_ADMIN'
      : `port id ${owner} (often the process id) has it: stop that program or configure another number`
  }
  if (code === 'EINVAL' || code === 'EPROTONOSUPPORT' || code === 'EOPNOTSUPP')
    return 'load the kernel module nfnetlink_queue'
  return 'it is tried again by itself'
}
