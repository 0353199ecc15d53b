/**
 * Where the fields of a DHCPv4 message stand, in bytes (RFC 2131 §2, figure 1):
 *
 *      0       1       2       3
 *     | op    | htype | hlen  | hops  |
 *     | xid                           |    4
 *     | secs          | flags         |    8
 *     | ciaddr, yiaddr, siaddr, giaddr|   12
 *     | chaddr, 16 bytes              |   28
 *     | sname, 64 bytes               |   44
 *     | file, 128 bytes               |  108
 *     | magic cookie, options         |  236
 */
export const dhcpFieldAt = {
  op: 0,
  htype: 1,
  hlen: 2,
  hops: 3,
  xid: 4,
  secs: 8,
  flags: 10,
  ciaddr: 12,
  yiaddr: 16,
  siaddr: 20,
  giaddr: 24,
  chaddr: 28,
  sname: 44,
  file: 108,
  cookie: 236,
  options: 240,
} as const

/** Sizes in bytes. */
export const dhcpSize = {
  chaddr: 16,
  sname: 64,
  file: 128,
  /** Up to the magic cookie: what every BOOTP message has at least (RFC 951 §3). */
  fixed: 236,
  /** Of a BOOTP message with its vendor area: old clients drop what is shorter (RFC 1542 §2.1). */
  bootp: 300,
  /** What every client takes in, IP and UDP headers included (RFC 2131 §2). */
  smallestMaximum: 576,
} as const

/** Says that options follow (RFC 2132 §2). */
export const magicCookie = 0x63825363

/** UDP ports (RFC 2131 §4.1). */
export const dhcpServerPort = 67
export const dhcpClientPort = 68

/** Field `op`. */
export const bootRequest = 1
export const bootReply = 2

/** Field `htype` for Ethernet. */
export const hardwareEthernet = 1

/** The broadcast bit of `flags` (RFC 2131 §2, figure 2). */
export const broadcastFlag = 0x8000
