import { createRequire } from 'node:module'
import { AgentError } from '#errors.js'

/** The addon's face. It holds no policy: each function and method is a few system calls. */
export interface Addon {
  /** Sends one datagram to a Unix socket; a leading `@` names an abstract one. Throws an Error with `code`, `errno`, `syscall`. */
  readonly sendDatagram: (socketPath: string, text: string) => void
  /** Throws TypeError or RangeError for bad options, an Error with `code` when the kernel refuses (native/src/packet_queue.h). */
  readonly PacketQueue: new (
    options: NativeQueueOptions,
  ) => NativeQueue
  /** Throws an Error with `code` when the kernel refuses: EPERM without CAP_NET_RAW (native/src/frames.h). */
  readonly Frames: new () => NativeFrames
  /** Throws an Error with `code` when the kernel refuses (native/src/link_watch.h). */
  readonly LinkWatch: new (
    options: NativeLinkOptions,
  ) => NativeLinkWatch
  /** One question to nftables (native/src/ruleset.h). Throws an Error with `code`: EINTR when the rules changed meanwhile. */
  readonly readRuleset: <Kind extends keyof NativeRuleset>(
    options: NativeRulesetQuestion<Kind>,
  ) => NativeRuleset[Kind]
  /** Throws an Error with `code` when the kernel refuses (native/src/ruleset_watch.h). */
  readonly RulesetWatch: new (
    options: NativeRulesetWatchOptions,
  ) => NativeRulesetWatch
  /** One message to netlink and its whole answer (native/src/ask_netlink.h). Throws an Error with `code` when the kernel refuses. */
  readonly askNetlink: (options: {
    /** NETLINK_ROUTE 0, NETLINK_NETFILTER 12. */
    readonly protocol: number
    readonly request: Uint8Array
  }) => Uint8Array
  /** Runs a program while the event loop stands still (native/src/run_program.h). Throws an Error with `code`. */
  readonly runProgram: (options: NativeRunOptions) => {
    readonly code: number
    readonly stdout: string
    readonly stderr: string
  }
  /** Takes the flock(2) of an open file; false when another has it (native/src/file_lock.h). */
  readonly tryLock: (fd: number) => boolean
}

/** What a program is run with. */
export interface NativeRunOptions {
  /** Its path. */
  readonly program: string
  readonly args: readonly string[]
  /** `PATH=/bin` */
  readonly env: readonly string[]
  readonly input: string
  readonly timeoutMs: number
  readonly maxOutputBytes: number
}

/** What a queue is bound with. Every key must be there. */
export interface NativeQueueOptions {
  readonly queueNumber: number
  readonly copyRangeBytes: number
  readonly maxLength: number
  readonly receiveBufferBytes: number
  readonly isFailOpen: boolean
  readonly isSilentOverflow: boolean
  /** NF_DROP 0 or NF_ACCEPT 1. */
  readonly defaultVerdict: number
  readonly budget: number
  readonly onBatch: (count: number) => void
  /** The queue has closed itself. */
  readonly onLost: (code: string) => void
}

/** A bound queue with the memory of its batches. */
export interface NativeQueue {
  readonly bytes: Uint8Array
  readonly meta: Uint32Array
  readonly verdicts: Uint8Array
  /** The netlink port that the kernel knows the queue's owner by. */
  readonly portId: number
  /** What the kernel granted and doubled for its own bookkeeping (socket(7), SO_RCVBUF). */
  readonly receiveBufferBytes: number
  close(): void
  counters(): NativeQueueCounters
}

/** What one bound queue has seen, from its first packet on. */
export interface NativeQueueCounters {
  /** Packets taken from the kernel. */
  readonly received: number
  /** Calls of `onBatch`. */
  readonly batches: number
  /** Packets whose verdict the kernel was told. */
  readonly verdicts: number
  /** Verdicts that the kernel refused, but for those that came too late. */
  readonly verdictErrors: number
  /** Verdicts for packets that waited no more (ENOENT): their device or queue went away. */
  readonly staleVerdicts: number
  /** How often the receive buffer was full (ENOBUFS); how many packets that cost is in the queue's row of /proc. */
  readonly overflows: number
  /** How often the kernel could not take verdicts at once, so that they were sent again. */
  readonly retried: number
  /** Netlink messages that were no packets. */
  readonly malformed: number
  /** Calls of `onBatch` that threw. */
  readonly throws: number
}

/** The socket that sends frames, with the memory that they are written to. */
export interface NativeFrames {
  readonly bytes: Uint8Array
  readonly ifindexes: Uint32Array
  readonly lengths: Uint32Array
  readonly errors: Int32Array
  send(count: number): number
  close(): void
}

/** What a link watch is opened with. */
export interface NativeLinkOptions {
  readonly receiveBufferBytes: number
  readonly onLinks: (events: readonly NativeLinkEvent[]) => void
}

/** The socket that tells of interfaces. */
export interface NativeLinkWatch {
  /** Asks for all interfaces; EBUSY while an earlier answer is not complete. */
  dump(): void
  close(): void
}

/** What a link watch tells. */
export type NativeLinkEvent =
  | {
      readonly type: 'link'
      readonly ifindex: number
      readonly name: string
      readonly mac: string | undefined
      readonly mtu: number
      readonly isUp: boolean
      readonly masterIndex: number | undefined
      readonly kind: string | undefined
    }
  | { readonly type: 'gone'; readonly ifindex: number; readonly name: string }
  | { readonly type: 'dumping' }
  | { readonly type: 'dumped'; readonly isWhole: boolean }
  | { readonly type: 'overflow' }
  | { readonly type: 'failed'; readonly code: string }

/** What nftables is asked; names that do not matter are empty. */
export interface NativeRulesetQuestion<Kind> {
  readonly kind: Kind
  /** NFPROTO_ (linux/netfilter.h). */
  readonly family: number
  readonly table: string
  /** Chain of rules, map of elements. */
  readonly name: string
}

/** What nftables answers. */
export interface NativeRuleset {
  /** Another number after each transaction. */
  readonly generation: number
  /** Of each chain that has rules. */
  readonly rules: readonly {
    readonly chain: string
    /** Sixteen digits a rule: the same for the same rule, whatever its counters say. */
    readonly digests: string
    readonly ruleCount: number
    /** Of rules with a counter and a comment, one for each comment. */
    readonly counts: readonly {
      readonly comment: string
      readonly packets: number
      readonly bytes: number
    }[]
  }[]
  readonly chains: readonly {
    readonly table: string
    readonly name: string
    /** Empty for a chain that is no base chain; what follows counts for those only. */
    readonly type: string
    readonly device: string
    readonly hook: number
    readonly priority: number
    readonly policy: number
  }[]
  readonly elements: readonly { readonly key: string; readonly chain: string }[]
}

/** What a ruleset watch is opened with. */
export interface NativeRulesetWatchOptions {
  readonly receiveBufferBytes: number
  readonly onChanges: (events: readonly NativeRulesetEvent[]) => void
}

/** The socket that tells of transactions. */
export interface NativeRulesetWatch {
  close(): void
}

/** What a ruleset watch tells. */
export type NativeRulesetEvent =
  | {
      readonly type: 'generation'
      readonly pid: number
      readonly process: string
      /** Names of the tables that the transaction touched, of whatever family. */
      readonly tables: readonly string[]
      /** Those among them that are gone. */
      readonly removed: readonly string[]
    }
  | { readonly type: 'overflow' }
  | { readonly type: 'failed'; readonly code: string }

/** Where the addon stands, seen from this file in `dist/agent/kernel/`. */
const addonPath = '../../../native/build/Release/okeanid.node'

/**
 * Loads the native addon.
 * @throws AgentError NATIVE_MISSING when it is not built or does not fit this Node
 */
export function loadAddon(): Addon {
  try {
    return createRequire(import.meta.url)(addonPath) as Addon
  } catch (cause) {
    throw new AgentError(
      'NATIVE_MISSING',
      'the native addon does not load; build it with `npm run build:native` or reinstall the package',
      { cause },
    )
  }
}
