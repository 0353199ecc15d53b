/** One packet of a capture file. */
export interface CapturedPacket {
  /** How it begins: a LINKTYPE number of https://www.tcpdump.org/linktypes.html (1 Ethernet, 101 raw IP, 113 and 276 Linux cooked). */
  readonly linkType: number
  /** Where it stands in the file. */
  readonly at: number
  readonly length: number
  /** Bytes that it had on the wire: more than `length` when the capture cut it. */
  readonly wireLength: number
  /** Unix milliseconds. */
  readonly timeMs: number
}

/** Packets of one file that are read at most; the rest is left out. */
export const maxCapturedPackets = 100_000
