/**
 * What becomes of one packet of a guest.
 *
 * - `pass`: the kernel carries on as if we did not exist
 * - `drop`: it ends here, without an answer
 * - `reply`: an Ethernet frame of `length` bytes was written into the slot; the packet itself ends here, or with `verdict:
 *   'pass'` goes on as well (a router solicitation on a bridge: the real router wants to hear it)
 */
export type Outcome =
  | { readonly kind: 'pass'; readonly reason: PassReason }
  | { readonly kind: 'drop'; readonly reason: DropReason }
  | {
      readonly kind: 'reply'
      readonly what: ReplyKind
      readonly length: number
      readonly verdict: 'drop' | 'pass'
    }

/** Why a packet passes untouched. */
export type PassReason =
  | 'unknown-nic'
  | 'not-served'
  | 'not-ours'
  | 'other-target'
  | 'duplicate-address-detection'

/** Why a packet gets no answer. Each is a label of a counter; docs/responder.md explains them. */
export type DropReason =
  | 'spoofed-source'
  | 'rate-limited'
  | 'malformed-ip'
  | 'malformed-udp'
  | 'malformed-icmp'
  | 'malformed-dhcp'
  | 'malformed-nd'
  | 'fragment'
  | 'bad-checksum'
  | 'not-a-request'
  | 'foreign-chaddr'
  | 'other-server'
  | 'unknown-message'
  | 'decline'
  | 'release'
  | 'no-address'
  | 'wrong-hop-limit'
  | 'wrong-source-address'
  | 'no-client-id'
  | 'too-large'
  | 'internal-error'

/** What was answered. */
export type ReplyKind =
  | 'offer'
  | 'ack'
  | 'nak'
  | 'inform-ack'
  | 'bootp-reply'
  | 'router-advertisement'
  | 'neighbour-advertisement'
  | 'dhcpv6-advertise'
  | 'dhcpv6-reply'
  | 'dhcpv6-decline-reply'

/** One packet as the kernel handed it over. */
export interface Packet {
  readonly bytes: Uint8Array
  /** Where its IP header begins. */
  readonly at: number
  /** Captured bytes from there on. */
  readonly length: number
  /** The Ethernet source that the kernel saw, as a number (`macNumber`); undefined where there is none. */
  readonly sourceMac: number | undefined
  /** False while its transport checksum is still to be filled in by hardware (NFQA_SKB_CSUMNOTREADY). */
  readonly isChecksumReady: boolean
}

/** Where an answer is written. */
export interface Slot {
  readonly bytes: Uint8Array
  readonly at: number
  /** At least 1514. */
  readonly size: number
}

/** What must be known of the host's devices to write frames for a NIC. */
export interface NicDevice {
  /** Hardware address of the NIC's `sourceDevice`, `macNumber`. */
  readonly sourceMac: number
  /** MTU of the tap in bytes. */
  readonly mtu: number
}
