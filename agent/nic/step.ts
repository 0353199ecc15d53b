import type { IfName } from '#addr/if-name.js'

/**
 * One thing to do for a NIC. Steps are applied in order; when one fails that must not, those before it are undone in reverse.
 *
 * `what` says it in a few words of ASCII, for Ganeti's log and `okeanid nic plan`.
 */
export type Step = StepBase &
  (
    | {
        /** Lines for `ip -batch -`, the command `ip` left out. */
        readonly kind: 'ip'
        readonly lines: readonly string[]
        /** Lines for `ip -force -batch -`: those that do not apply are passed over. */
        readonly undo: readonly string[]
      }
    | {
        /** What an earlier tap of this name may have left: lines for `ip -force -batch -`. Those that do not apply are no failure. */
        readonly kind: 'clear'
        readonly lines: readonly string[]
      }
    | {
        /** Lines for `bridge -batch -`. */
        readonly kind: 'bridge'
        readonly lines: readonly string[]
        readonly undo: readonly string[]
      }
    | {
        /** A script for `nft -f -`: one transaction. */
        readonly kind: 'rules'
        readonly script: string
        readonly undo: string
      }
    | {
        /** Files below /proc/sys, `net/ipv4/conf/tap0/proxy_arp`; those of a tap go with it. */
        readonly kind: 'sysctl'
        readonly values: readonly (readonly [path: string, value: string])[]
      }
    | {
        /** Arguments of ovs-vsctl. */
        readonly kind: 'ovs'
        readonly args: readonly string[]
        readonly undo: readonly string[]
      }
    | {
        /** The administrator's own script, with the NIC's environment. */
        readonly kind: 'script'
        readonly path: string
        readonly undoPath: string | undefined
      }
    | {
        /** The file that tells the responder. */
        readonly kind: 'binding'
        readonly text: string
      }
    | {
        /** The tap is gone for good: its binding and its record are removed. */
        readonly kind: 'forget'
        readonly tap: IfName
      }
  )

interface StepBase {
  readonly what: string
  /** `must`: its failure undoes the steps before and fails the start. `may`: it is told, and the next one follows. */
  readonly need: 'must' | 'may'
}
