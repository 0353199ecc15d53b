// What the load generator and the C responder both know of the wire: offsets, checksums, the option
// walk.
//
// A frame that both write:   0 Ethernet | 14 IPv4 | 34 UDP | 42 BOOTP | 278 magic cookie | 282
// options
#pragma once

#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

enum {
  kEthBytes = 14,
  kIpBytes = 20,
  kIp6Bytes = 40,
  kUdpBytes = 8,
  kBootpBytes = 240,       // with the magic cookie (RFC 2131 2)
  kBootpLeastBytes = 300,  // what BOOTP clients may insist on (RFC 1542 2.1)
  kSlotBytes = 1024,       // one frame of ours
};

// Offsets in a BOOTP message (RFC 2131 2).
enum {
  kOp = 0,
  kXid = 4,
  kFlags = 10,
  kCiaddr = 12,
  kYiaddr = 16,
  kGiaddr = 24,
  kChaddr = 28,
  kCookie = 236
};

enum { kDiscover = 1, kOffer, kRequest, kDecline, kAck, kNak, kRelease, kInform };

// The MAC of every tap and of the server's end of the veth (snf-network's constant).
static const uint8_t kGatewayMac[6] = {0xcc, 0x47, 0x52, 0x4e, 0x45, 0x54};
static const uint8_t kMagic[4] = {99, 130, 83, 99};

static inline uint16_t get16(const uint8_t* p) { return (uint16_t)(p[0] << 8 | p[1]); }
static inline void put16(uint8_t* p, uint16_t v) {
  p[0] = (uint8_t)(v >> 8);
  p[1] = (uint8_t)v;
}
static inline uint32_t raw32(const void* p) {
  uint32_t v;
  memcpy(&v, p, 4);
  return v;
}

// One's complement sum of `length` bytes in memory order, added to `sum`; not yet folded to 16 bits
// (RFC 1071).
static inline uint64_t sum_bytes(const uint8_t* p, size_t length, uint64_t sum) {
  for (; length >= 4; p += 4, length -= 4) sum += raw32(p);
  if (length >= 2) {
    uint16_t v;
    memcpy(&v, p, 2);
    sum += v;
    p += 2;
    length -= 2;
  }
  if (length) {
    const uint8_t last[2] = {*p, 0};
    uint16_t v;
    memcpy(&v, last, 2);
    sum += v;
  }
  return sum;
}

// The checksum of a sum, in memory order: 0 when the summed bytes held a right checksum.
static inline uint16_t fold(uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  uint32_t low = (uint32_t)(sum & 0xffff) + (uint32_t)(sum >> 16);
  low = (low & 0xffff) + (low >> 16);
  return (uint16_t)~low;
}

// Sum of UDP's pseudo header over the addresses of an IPv4 header (RFC 768).
static inline uint64_t udp_pseudo(const uint8_t* ip, uint16_t udp_length) {
  return sum_bytes(ip + 12, 8, (uint64_t)htons(17) + htons(udp_length));
}

// Sum of ICMPv6's pseudo header over the addresses of an IPv6 header (RFC 8200 8.1).
static inline uint64_t icmp6_pseudo(const uint8_t* ip6, uint16_t length) {
  return sum_bytes(ip6 + 8, 32, (uint64_t)htons(58) + htons(length));
}

// Lengths and checksums of an IPv4 and a UDP header whose other fields stand already.
static inline void finish_udp(uint8_t* ip, uint16_t udp_length) {
  uint8_t* udp = ip + kIpBytes;
  put16(ip + 2, (uint16_t)(kIpBytes + udp_length));
  uint16_t sum = 0;
  memcpy(ip + 10, &sum, 2);
  sum = fold(sum_bytes(ip, kIpBytes, 0));
  memcpy(ip + 10, &sum, 2);
  put16(udp + 4, udp_length);
  sum = 0;
  memcpy(udp + 6, &sum, 2);
  sum = fold(sum_bytes(udp, udp_length, udp_pseudo(ip, udp_length)));
  if (sum == 0) sum = 0xffff;
  memcpy(udp + 6, &sum, 2);
}

// The EUI-64 interface identifier of a MAC (RFC 4291 appendix A).
static inline void eui64(const uint8_t* mac, uint8_t* to) {
  to[0] = mac[0] ^ 2;
  to[1] = mac[1];
  to[2] = mac[2];
  to[3] = 0xff;
  to[4] = 0xfe;
  to[5] = mac[3];
  to[6] = mac[4];
  to[7] = mac[5];
}

static inline void link_local(const uint8_t* mac, uint8_t* to) {
  memset(to, 0, 8);
  to[0] = 0xfe;
  to[1] = 0x80;
  eui64(mac, to + 8);
}

// The DHCP options that matter here; each points at its value, NULL when absent or of a wrong
// length.
struct options {
  uint8_t type;              // 53
  const uint8_t* requested;  // 50
  const uint8_t* server_id;  // 54
  const uint8_t* lease;      // 51
  const uint8_t* mask;       // 1
  const uint8_t* client_id;  // 61, its length in the byte before
};

static inline struct options walk_options(const uint8_t* p, const uint8_t* end) {
  struct options o = {0};
  while (p < end && *p != 255) {
    if (*p == 0) {
      p++;
      continue;
    }
    if (end - p < 2 || end - p < 2 + p[1]) break;
    const uint8_t length = p[1], *value = p + 2;
    switch (p[0]) {
      case 53:
        if (length == 1) o.type = *value;
        break;
      case 50:
        if (length == 4) o.requested = value;
        break;
      case 54:
        if (length == 4) o.server_id = value;
        break;
      case 51:
        if (length == 4) o.lease = value;
        break;
      case 1:
        if (length == 4) o.mask = value;
        break;
      case 61:
        if (length >= 2) o.client_id = value;
        break;
    }
    p = value + length;
  }
  return o;
}

static inline uint8_t* put_option(uint8_t* p, uint8_t code, uint8_t length, const void* value) {
  p[0] = code;
  p[1] = length;
  memcpy(p + 2, value, length);
  return p + 2 + length;
}

static inline uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
