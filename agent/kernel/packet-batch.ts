/**
 * Packets that came out of a queue at one wake-up. The arrays belong to the queue: they are the same for every batch
 * until the queue is bound anew, and filled again when the callback has returned. Nothing of them may be kept.
 */
export interface PacketBatch {
  /** Packet i begins at `i * SLOT_BYTES` with its IP header; its Ethernet header, if the kernel gave one, at `+ L2_OFFSET`. */
  readonly bytes: Uint8Array
  /** Packet i begins at `i * META_WORDS`; see {@link META}. */
  readonly meta: Uint32Array
  /** One for each packet, filled with the default; NF_DROP or NF_ACCEPT is written here, anything else means the default. */
  readonly verdicts: Uint8Array
}

/** Distance between two packets in `bytes`. */
export const SLOT_BYTES = 2048

/** Where in its slot the Ethernet header of a packet begins; at most 64 bytes. */
export const L2_OFFSET = 1984

/** Most packets of one batch. */
export const MAX_BATCH = 64

/** Distance between two packets in `meta`. */
export const META_WORDS = 20

/** The packet ends here (linux/netfilter.h). */
export const NF_DROP = 0

/** The packet goes on (linux/netfilter.h). */
export const NF_ACCEPT = 1

/** The packet's transport checksum is still to be filled in by hardware: NFQA_SKB_CSUMNOTREADY in `META.skbInfo`. */
export const SKB_CHECKSUM_NOT_READY = 1

/** The packet's checksum was not verified by the device: NFQA_SKB_CSUM_NOTVERIFIED in `META.skbInfo`. */
export const SKB_CHECKSUM_NOT_VERIFIED = 4

/**
 * What the kernel says of a packet, as offsets into its words of `meta`; all in host byte order, 0 where it said nothing
 * (attributes of linux/netfilter/nfnetlink_queue.h).
 */
export const META = {
  /** Counts up within a queue. */
  id: 0,
  /** Hook that the packet was taken at: 2 IPv4, 10 IPv6, 7 bridge. A queue number serves all of them. */
  family: 1,
  /** 0 prerouting, 1 input, 2 forward, 3 output, 4 postrouting. */
  hook: 2,
  /** EtherType. */
  hwProtocol: 3,
  mark: 4,
  /** Interface index; with a bridge, the bridge. */
  indev: 5,
  outdev: 6,
  /** Index of the bridge port that the packet came in by; IP families only know it with br_netfilter. */
  physindev: 7,
  physoutdev: 8,
  /** Bytes in the slot, at most the copy range. */
  length: 9,
  /** Bytes of the whole packet. */
  fullLength: 10,
  /** First two bytes of the Ethernet source, big endian. */
  macHigh: 11,
  /** Last four. */
  macLow: 12,
  /** 6, or 0 where there is no Ethernet source. */
  macLength: 13,
  /** `0x10000 | TCI` of the VLAN tag that the kernel had taken off, else 0; bridge family only. */
  vlan: 14,
  /** NFQA_SKB_INFO: bits `SKB_…`. */
  skbInfo: 15,
  /** When the packet came in, Unix time; only if something asked the kernel to stamp packets. */
  timestampSeconds: 16,
  timestampMicros: 17,
  /** Bytes of the Ethernet header at `L2_OFFSET`; bridge family only. */
  l2Length: 18,
} as const
