import type { Description } from '#responder/describe/description.js'
import { describeFrame, describePacket } from '#responder/describe/frame.js'
import type { Dispatcher } from '#responder/dispatch.js'
import type { NodeConfig } from '#service/node-config.js'
import type { Follow } from '#service/status-socket.js'
import type { PacketObserver } from './packet-loop.js'

/** One exchange, as `okeanid dhcp trace --json` prints it. */
export interface TraceLine {
  /** Unix milliseconds. */
  readonly timeMs: number
  readonly ifindex: number
  /** Null for packets of no NIC that is served. */
  readonly tap: string | null
  readonly instance: string | null
  readonly nic: string | null
  readonly request: Description
  /** What became of it: the kind of the answer, or the reason why there is none. */
  readonly outcome: string
  readonly passes: boolean
  /** Null when there is no answer. */
  readonly answer: Description | null
}

const tooMany =
  'too many traces follow already ([responder] trace_clients); this one is told nothing'

/** Tells exchanges to whoever follows; costs nothing while nobody does. */
export interface TraceFeed {
  readonly follow: Follow
  /** Undefined while nobody follows. */
  observer(): PacketObserver | undefined
}

/** A feed of what the dispatcher decides. A reader names a NIC with `?nic=`: its instance, tap or hardware address. */
export function createTraceFeed(
  dispatcher: Dispatcher,
  limits: Pick<NodeConfig['responder'], 'trace_clients' | 'trace_rate'>,
): TraceFeed {
  const readers = new Set<{
    readonly wanted: string | null
    readonly tell: (line: string) => boolean
  }>()
  let second = 0
  let linesOfSecond = 0
  let leftOut = 0

  const observe: PacketObserver = (ifindex, packet, outcome, answer) => {
    const timeMs = Date.now()
    const now = Math.floor(timeMs / 1000)
    if (now !== second) {
      if (leftOut > 0) for (const { tell } of readers) tell(JSON.stringify({ timeMs, leftOut }))
      second = now
      linesOfSecond = 0
      leftOut = 0
    }
    if (linesOfSecond >= limits.trace_rate) {
      leftOut++
      return
    }
    const service = dispatcher.find(ifindex, packet.sourceMac)?.service
    const names: readonly (string | null | undefined)[] = [
      null,
      service?.tap,
      service?.instance,
      service?.mac,
    ]
    const interested = [...readers].filter(({ wanted }) => names.includes(wanted))
    if (interested.length === 0) return
    linesOfSecond++
    const isReply = outcome.kind === 'reply'
    const line: TraceLine = {
      timeMs,
      ifindex,
      tap: service?.tap ?? null,
      instance: service?.instance ?? null,
      nic: service?.nic ?? null,
      request: describePacket(packet),
      outcome: isReply ? outcome.what : outcome.reason,
      passes: outcome.kind === 'pass' || (isReply && outcome.verdict === 'pass'),
      answer: isReply
        ? describeFrame({ bytes: answer.bytes, at: answer.at, length: outcome.length })
        : null,
    }
    const text = JSON.stringify(line)
    for (const { tell } of interested) if (!tell(text)) leftOut++
  }

  return {
    follow(query, tell) {
      if (readers.size >= limits.trace_clients) {
        tell(JSON.stringify({ timeMs: Date.now(), problem: tooMany }))
        return () => undefined
      }
      const reader = { wanted: query.get('nic'), tell }
      readers.add(reader)
      return () => readers.delete(reader)
    },
    observer: () => (readers.size === 0 ? undefined : observe),
  }
}
