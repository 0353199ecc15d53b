import type { Mac } from '#addr/mac.js'
import { parseMac } from '#addr/mac.js'
import { backoffMs } from '#backoff.js'
import { systemCode } from '#errors.js'
import type { NativeLinkEvent, NativeLinkWatch } from './native.js'
import { loadAddon } from './native.js'

/** A network interface as the kernel describes it (linux/rtnetlink.h, RTM_NEWLINK). */
export interface Link {
  readonly ifindex: number
  readonly name: string
  /** Undefined where there is no Ethernet address. */
  readonly mac: Mac | undefined
  /** Bytes. */
  readonly mtu: number
  /** Switched on (IFF_UP), whether or not somebody is at the other end. */
  readonly isUp: boolean
  /** The bridge or bond that it is part of. */
  readonly masterIndex: number | undefined
  /** `tun`, `veth`, `bridge` …; undefined for hardware. */
  readonly kind: string | undefined
}

/** Who hears of interfaces, and for how long. */
export interface LinkListener {
  /** An interface is there, or something of it changed: its name, state, MTU, address, bridge. */
  readonly onLink: (link: Link) => void
  /** An interface is gone, or moved to another namespace. Its index may be used again, its name at once. */
  readonly onGone: (ifindex: number, name: string) => void
  /** All interfaces were told; what was not told any more was reported gone. At the start, and after events were lost. */
  readonly onResync: () => void
  readonly signal: AbortSignal
}

/** What it took to follow. */
export interface LinkCounters {
  /** How often events were lost because the receive buffer was full. */
  readonly overflows: number
  /** How often all interfaces were told. */
  readonly resyncs: number
  /** How often the socket failed and was opened anew. */
  readonly failures: number
}

const retryPolicy = { firstMs: 100, maxMs: 5000 }

/** A link message costs some 2 KiB: room for 4,000 events that come at once. */
const receiveBufferBytes = 8 << 20

/**
 * Follows the interfaces of the network namespace until the signal aborts: first all that exist, then what becomes of
 * them (rtnetlink(7)). Events that were lost are made good by asking for all of them again.
 *
 * @returns how much was lost so far
 * @throws AgentError NATIVE_MISSING; Error with `code` when the kernel gives no socket at the start
 */
export function followLinks(listener: LinkListener): { counters(): LinkCounters } {
  const { LinkWatch } = loadAddon()
  const { signal } = listener
  const known = createKnownLinks(listener)
  let watch: NativeLinkWatch | undefined
  let timer: NodeJS.Timeout | undefined
  let attempt = 0
  let isDumping = false
  let isStale = false
  let overflows = 0
  let resyncs = 0
  let failures = 0

  function open(): void {
    watch = new LinkWatch({ receiveBufferBytes, onLinks: take })
    dump()
  }

  /** The kernel answers one question at a time: while it does, a second one only makes the first one stale. */
  function dump(): void {
    isStale = isDumping
    if (isDumping) return
    isDumping = true
    watch?.dump()
  }

  function take(events: readonly NativeLinkEvent[]): void {
    for (const event of events) if (!signal.aborted) takeOne(event)
  }

  function takeOne(event: NativeLinkEvent): void {
    switch (event.type) {
      case 'link':
        return known.see(event)
      case 'gone':
        return known.forget(event.ifindex, event.name)
      case 'overflow':
        overflows++
        return dump()
      case 'dumping': // only now: events that waited from before a loss may tell of what is long gone
        return known.begin()
      case 'dumped':
        isDumping = false
        if (isStale || !event.isWhole) return dump()
        attempt = 0
        resyncs++
        known.end()
        return listener.onResync()
      case 'failed':
        return retry()
    }
  }

  function retry(): void {
    failures++
    isDumping = false
    timer = setTimeout(reopen, backoffMs(retryPolicy, attempt++, Math.random()))
  }

  function reopen(): void {
    try {
      open()
    } catch (error) {
      if (systemCode(error) === undefined) throw error
      watch?.close()
      retry()
    }
  }

  function close(): void {
    clearTimeout(timer)
    watch?.close()
  }

  if (!signal.aborted) {
    open()
    signal.addEventListener('abort', close, { once: true })
  }
  return { counters: () => ({ overflows, resyncs, failures }) }
}

/** What was told, so that after a loss it can be said what is gone. */
function createKnownLinks({ onLink, onGone }: Pick<LinkListener, 'onLink' | 'onGone'>) {
  const names = new Map<number, string>()
  let unseen = new Map<number, string>()
  return {
    begin(): void {
      unseen = new Map(names)
    },
    see({ type: _type, mac, ...rest }: Extract<NativeLinkEvent, { type: 'link' }>): void {
      unseen.delete(rest.ifindex)
      names.set(rest.ifindex, rest.name)
      onLink({ ...rest, mac: mac === undefined ? undefined : parseMac(mac) })
    },
    forget(ifindex: number, name: string): void {
      unseen.delete(ifindex)
      if (names.delete(ifindex)) onGone(ifindex, name)
    },
    end(): void {
      for (const [ifindex, name] of unseen) this.forget(ifindex, name)
    },
  }
}
