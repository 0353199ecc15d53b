import type { ForwardBlock } from '#nic/forward/fate.js'
import type { QueueNumbers, ServedTap } from '#nic/queueing/plan.js'
import type { ConfigFacts } from './config-findings.js'
import type { DiskFacts } from './disk-findings.js'
import type { HookFacts } from './hook-findings.js'
import type { SurroundingFacts } from './host-findings.js'
import type { NetworkFacts } from './network-findings.js'
import type { StartFacts } from './start-findings.js'

/** Everything that the doctor looks at, gathered by `bin/doctor.ts`. Undefined: could not be found out. */
export interface HostFacts {
  /** `20.19.2` */
  readonly nodeVersion: string
  readonly isRoot: boolean
  /** Undefined when the addon loads, else why it does not. */
  readonly addonProblem: string | undefined
  readonly kernel: KernelFacts
  readonly queueing: QueueingFacts
  readonly bindings: BindingFacts
  readonly roles: readonly RoleFacts[]
  readonly hooks: HookFacts
  /** Undefined where Ganeti does not call us for its NICs. */
  readonly starts?: StartFacts | undefined
  readonly config?: ConfigFacts
  readonly disk?: DiskFacts
  readonly network?: NetworkFacts
  readonly surroundings?: SurroundingFacts
  /** Asked in the place of an events role that does not answer: why no broker lets us in; undefined when one does, or nobody asked. */
  readonly brokerProblem?: string | undefined
}

/** What this kernel and its tools can do. */
export interface KernelFacts {
  /** nfnetlink_queue is there. */
  readonly hasQueues: boolean
  /** nft can queue in the families bridge and inet. */
  readonly canNft: boolean
  /** conntrack knows bridges, which firewall profiles of bridged NICs need. */
  readonly canTrackBridges: boolean
  /** Target NFQUEUE of iptables, and of ip6tables; why not, where not. */
  readonly iptables4: string | undefined
  readonly iptables6: string | undefined
}

/** The rules and what they depend on. */
export interface QueueingFacts {
  readonly manage: 'auto' | 'nft' | 'iptables' | 'no'
  readonly numbers: QueueNumbers
  readonly maxLength: number
  readonly receiveBufferBytes: number
  /** What of our rules is not as the bindings ask; undefined with `problem`. */
  readonly drift: readonly string[] | undefined
  readonly problem: string | undefined
  /** Bridges that br_netfilter is kept off from, by protocol. */
  readonly refusals: readonly Refusal[]
  /** Protocols with br_netfilter switched on, and the bridges whose guests are cut off by that. */
  readonly cutOff: readonly Refusal[]
  /** Protocols with br_netfilter switched on, and the VLAN-aware bridges that lose fragments by that. */
  readonly fragmentLoss: readonly { readonly version: 4 | 6; readonly bridges: readonly string[] }[]
  readonly changedSysctls: readonly { readonly name: string; readonly before: string }[]
  /** Rules of others that lead to a queue, by its number. */
  readonly foreignRules: ReadonlyMap<number, readonly string[]>
  readonly bound: readonly BoundQueue[]
  /** Taps with disable_ipv6. */
  readonly withoutIpv6: readonly string[]
}

/** A protocol and the bridges that have a rule against them. */
export interface Refusal {
  readonly version: 4 | 6
  readonly blocks: readonly ForwardBlock[]
}

/** A queue that somebody listens to. */
export interface BoundQueue {
  readonly number: number
  /** Netlink port, nearly always the process. */
  readonly portId: number
  /** `nfdhcpd (pid 812)`, when such a process is there. */
  readonly owner: string | undefined
  /** By our responder's own word. */
  readonly isOurs: boolean
  readonly waiting: number
  readonly dropped: number
}

/** The bindings of this node. */
export interface BindingFacts {
  readonly taps: readonly ServedTap[]
  /** Networks that NICs of this node are served on. */
  readonly networks: readonly string[]
  readonly missingFolders: readonly string[]
  /** `file: what is wrong` */
  readonly problems: readonly string[]
}

/** A role of the agent. */
export interface RoleFacts {
  readonly role: 'events' | 'responder' | 'nics' | 'hooks'
  readonly socket: string
  /** Undefined when it answers, else why not. */
  readonly problem: string | undefined
  /** It goes by files or a program of before; what is to be said of it. */
  readonly stale?: readonly { readonly what: string; readonly verb: 'reload' | 'restart' }[]
  /** Effective capabilities of its process (capabilities(7)), as bits. */
  readonly capabilities: bigint | undefined
  /** Of events: the broker's state, `connected` when all is well. */
  readonly broker: { readonly state: string; readonly problem: string | undefined } | undefined
  /** Of events: how its outbox stands. */
  readonly outbox?: OutboxFacts | undefined
  /** Of events: what it knows of the cluster's jobs. */
  readonly jobs?: JobsFacts | undefined
  /** Of nics: how the NICs of running instances stand. */
  readonly nics?: NicsFacts | undefined
  /** Of responder: queues that it waits for. */
  readonly waitingQueues: readonly { readonly number: number; readonly problem: string }[]
}

/** How messages stand, by the events role's own word. */
export interface OutboxFacts {
  /** Why it cannot be written. */
  readonly problem: string | undefined
  /** Messages that wait although the broker is there, and why. */
  readonly held: number
  readonly heldReason: string | undefined
  /** Routing keys for which no queue was bound when they were used last. */
  readonly unroutable: readonly string[]
  /** Such messages are thrown away, not held. */
  readonly isDropping: boolean
  /** Moved aside since the role started. */
  readonly quarantined: number
  /** Messages of earlier that nobody sends, because the broker is switched off. */
  readonly forsaken: number
}

/** What the events role knows of the cluster's jobs, by its own word. */
export interface JobsFacts {
  readonly isMaster: boolean
  readonly isCandidate: boolean
  /** Numbers of which it has no file, `1-4999 5003`; empty when there are none. */
  readonly unknown: string
  /** Jobs that it would tell again as the master. */
  readonly held: number
  /** Since it heard from the master's agent which jobs are settled; undefined when it has not since its start. */
  readonly heardSeconds: number | undefined
}

/** How the NICs of running instances stand, by the nics role's own word. */
export interface NicsFacts {
  /** Why nobody looks after them. */
  readonly failure: string | undefined
  /** NICs that cannot be as decided, one sentence each. */
  readonly problems: readonly string[]
  readonly observed: number
  readonly disabled: number
  /** How often somebody has removed all rules since the role started. */
  readonly losses: number
  /** A guest's IPv6 is to be routed, and this host forwards none. */
  readonly lacksForwarding6: boolean
}
