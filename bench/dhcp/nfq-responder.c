// The practical limit: a DHCPv4 and RA responder behind NFQUEUE that does nothing but the work
// itself.
//
//     nfq-responder TABLE DHCP_QUEUE RS_QUEUE SERVER_IP PREFIX_LENGTH
//
// TABLE has a line `ifname mac ip prefix6 hostname` per NIC (the prefix is a /64). A packet's
// identity is its interface index and the source MAC that the kernel reports. Per wake-up: one
// recvmmsg of at most 64 packets, one sendmmsg of the replies on an AF_PACKET socket of protocol 0
// (which receives nothing), one message with the verdicts. Left out on purpose, because a limit
// must not pay for it: parameter request lists, checks of what clients claim beyond addresses, rate
// limits, counters, changes of the table. Ready when it prints `ready`.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "nfqueue.h"
#include "wire.h"

struct nic {
  uint8_t mac[6];
  uint8_t hostname_length;
  char hostname[33];
  uint32_t ifindex;
  uint32_t ip;
  uint8_t prefix[16];
};

struct outbox {
  int fd;
  unsigned count;
  uint8_t frames[kBatch][kSlotBytes];
  struct iovec parts[kBatch];
  struct sockaddr_ll to[kBatch];
  struct mmsghdr messages[kBatch];
};

static struct nic* nics;    // open addressing, a power of two, at most half full
static size_t nic_mask;     // its size - 1
static uint32_t server_ip;  // network order
static uint8_t
    reply_head[512];  // what every reply begins with, from Ethernet to the common options
static size_t reply_head_bytes;
static uint8_t advert[256];  // what every RA is but for its addresses and prefix
static size_t advert_bytes;
static struct outbox out;

static size_t slot_of(uint32_t ifindex, const uint8_t* mac) {
  uint64_t key = (uint64_t)ifindex << 40 ^ (uint64_t)raw32(mac + 2) << 8 ^ mac[0] ^ mac[1];
  key *= 0x9e3779b97f4a7c15u;
  return (size_t)(key >> 32) & nic_mask;
}

static const struct nic* find_nic(uint32_t ifindex, const uint8_t* mac) {
  for (size_t i = slot_of(ifindex, mac); nics[i].ifindex; i = (i + 1) & nic_mask)
    if (nics[i].ifindex == ifindex && memcmp(nics[i].mac, mac, 6) == 0) return &nics[i];
  return NULL;
}

static void load_table(const char* file) {
  FILE* f = fopen(file, "r");
  if (!f) fail(file);
  size_t lines = 0;
  for (int c; (c = getc(f)) != EOF;) lines += c == '\n';
  rewind(f);
  size_t size = 64;
  while (size < lines * 2) size *= 2;
  nics = calloc(size, sizeof *nics);
  nic_mask = size - 1;
  char ifname[IF_NAMESIZE], ip[16], prefix[46];
  struct nic n = {0};
  uint8_t* m = n.mac;
  while (fscanf(f, "%15s %hhx:%hhx:%hhx:%hhx:%hhx:%hhx %15s %45s %32s", ifname, m, m + 1, m + 2,
                m + 3, m + 4, m + 5, ip, prefix, n.hostname) == 10) {
    n.ifindex = if_nametoindex(ifname);
    if (!n.ifindex) fail(ifname);
    if (inet_pton(AF_INET, ip, &n.ip) != 1 || inet_pton(AF_INET6, prefix, n.prefix) != 1) fail(ip);
    n.hostname_length = (uint8_t)strlen(n.hostname);
    size_t i = slot_of(n.ifindex, n.mac);
    while (nics[i].ifindex) i = (i + 1) & nic_mask;
    nics[i] = n;
  }
  fclose(f);
}

static void prepare_reply(unsigned prefix_length) {
  uint8_t *eth = reply_head, *ip = eth + kEthBytes, *udp = ip + kIpBytes, *bootp = udp + kUdpBytes;
  memcpy(eth + 6, kGatewayMac, 6);
  put16(eth + 12, ETH_P_IP);
  ip[0] = 0x45;
  ip[8] = 64;
  ip[9] = 17;
  memcpy(ip + 12, &server_ip, 4);
  put16(udp, 67);
  put16(udp + 2, 68);
  bootp[kOp] = 2;
  bootp[1] = 1;
  bootp[2] = 6;
  memcpy(bootp + kCookie, kMagic, 4);
  const uint32_t mask = htonl(prefix_length ? ~0u << (32 - prefix_length) : 0);
  const uint32_t broadcast = (server_ip & mask) | ~mask;
  const uint32_t lease = htonl(604800), t1 = htonl(302400), t2 = htonl(529200);
  const uint32_t dns[2] = {inet_addr("192.0.2.53"), inet_addr("192.0.2.54")};
  const uint8_t mtu[2] = {1500 >> 8, 1500 & 255};
  uint8_t* o = bootp + kBootpBytes;
  o = put_option(o, 53, 1, "");  // the first: its place is known
  o = put_option(o, 54, 4, &server_ip);
  o = put_option(o, 51, 4, &lease);
  o = put_option(o, 58, 4, &t1);
  o = put_option(o, 59, 4, &t2);
  o = put_option(o, 1, 4, &mask);
  o = put_option(o, 3, 4, &server_ip);
  o = put_option(o, 6, 8, dns);
  o = put_option(o, 15, 11, "vms.example");
  o = put_option(o, 26, 2, mtu);
  o = put_option(o, 28, 4, &broadcast);
  reply_head_bytes = (size_t)(o - reply_head);
}

static void prepare_advert(void) {
  uint8_t *eth = advert, *ip = eth + kEthBytes, *ra = ip + kIp6Bytes;
  memcpy(eth + 6, kGatewayMac, 6);
  put16(eth + 12, ETH_P_IPV6);
  ip[0] = 0x60;
  ip[6] = 58;
  ip[7] = 255;
  link_local(kGatewayMac, ip + 8);
  ra[0] = 134;
  ra[4] = 64;
  put16(ra + 6, 1800);
  uint8_t* o = ra + 16;
  const uint8_t prefix[8] = {3, 4, 64, 0xc0, 0, 1, 0x51, 0x80};  // L and A, valid for a day
  memcpy(o, prefix, 8);                                          // the first: its place is known
  put16(o + 10, 14400);                                          // preferred for four hours
  o += 32;
  const uint8_t source[2] = {1, 1};
  memcpy(o, source, 2);
  memcpy(o + 2, kGatewayMac, 6);
  o += 8;
  const uint8_t mtu[8] = {5, 1, 0, 0, 0, 0, 1500 >> 8, 1500 & 255};
  memcpy(o, mtu, 8);
  o += 8;
  const uint8_t rdnss[8] = {25, 3, 0, 0, 0, 0, 0x07, 0x08};
  memcpy(o, rdnss, 8);
  inet_pton(AF_INET6, "2001:db8:53::1", o + 8);
  o += 24;
  const uint8_t dnssl[24] =
      "\x1f\x03\0\0\0\0\x07\x08\x03vms\x07"
      "example";
  memcpy(o, dnssl, 24);
  o += 24;
  advert_bytes = (size_t)(o - advert);
  put16(ip + 4, (uint16_t)(o - ra));
}

static uint8_t* next_frame(uint32_t ifindex) {
  out.to[out.count].sll_ifindex = (int)ifindex;
  return out.frames[out.count];
}

static void queue_frame(size_t length) { out.parts[out.count++].iov_len = length; }

// True when the packet is ours to answer or to keep silent about.
static int respond_dhcp(const struct nic* nic, const uint8_t* ip, size_t length) {
  if (length < kIpBytes || ip[0] >> 4 != 4) return 0;
  const size_t header = (ip[0] & 15u) * 4u;
  if (length < header + kUdpBytes + kBootpBytes || ip[9] != 17) return 0;
  const uint8_t *udp = ip + header, *in = udp + kUdpBytes;
  const size_t udp_length = get16(udp + 4);
  if (udp_length < kUdpBytes + kBootpBytes || header + udp_length > length) return 1;
  if (in[kOp] != 1 || memcmp(in + kChaddr, nic->mac, 6) || memcmp(in + kCookie, kMagic, 4))
    return 1;
  const struct options o = walk_options(in + kBootpBytes, udp + udp_length);
  uint8_t type;
  if (o.type == kDiscover) {
    type = kOffer;
  } else if (o.type == kRequest) {
    if (o.server_id && raw32(o.server_id) != server_ip) return 1;
    const uint32_t wanted = o.requested ? raw32(o.requested) : raw32(in + kCiaddr);
    type = wanted == nic->ip ? kAck : kNak;
  } else {
    return 1;
  }
  uint8_t* frame = next_frame(nic->ifindex);
  memcpy(frame, reply_head, reply_head_bytes);
  uint8_t *reply_ip = frame + kEthBytes, *reply = reply_ip + kIpBytes + kUdpBytes;
  uint8_t* end = frame + reply_head_bytes;
  memcpy(reply + kXid, in + kXid, 4);
  memcpy(reply + kFlags, in + kFlags, 2);
  memcpy(reply + kGiaddr, in + kGiaddr, 4);
  memcpy(reply + kChaddr, in + kChaddr, 16);
  reply[kBootpBytes + 2] = type;
  const int is_broadcast = type == kNak || in[kFlags] & 0x80;
  if (is_broadcast) {
    memset(frame, 0xff, 6);
    memset(reply_ip + 16, 0xff, 4);
  } else {
    memcpy(frame, nic->mac, 6);
    memcpy(reply_ip + 16, &nic->ip, 4);
  }
  if (type == kNak) {
    end = reply + kBootpBytes + 3 + 6;  // 53 and 54
  } else {
    memcpy(reply + kYiaddr, &nic->ip, 4);
    memcpy(reply + kCiaddr, in + kCiaddr, 4);
    end = put_option(end, 12, nic->hostname_length, nic->hostname);
  }
  if (o.client_id) end = put_option(end, 61, o.client_id[-1], o.client_id);
  *end++ = 255;
  while (end - reply < kBootpLeastBytes) *end++ = 0;
  finish_udp(reply_ip, (uint16_t)(end - reply + kUdpBytes));
  queue_frame((size_t)(end - frame));
  return 1;
}

static int respond_rs(const struct nic* nic, const uint8_t* ip, size_t length) {
  if (length < kIp6Bytes + 8 || ip[0] >> 4 != 6 || ip[6] != 58) return 0;
  const uint8_t* rs = ip + kIp6Bytes;
  const size_t rs_length = get16(ip + 4);
  if (ip[7] != 255 || rs[0] != 133 || rs[1] != 0) return 1;
  if (rs_length < 8 || kIp6Bytes + rs_length > length) return 1;
  if (fold(sum_bytes(rs, rs_length, icmp6_pseudo(ip, (uint16_t)rs_length)))) return 1;
  uint8_t* frame = next_frame(nic->ifindex);
  memcpy(frame, advert, advert_bytes);
  uint8_t *reply_ip = frame + kEthBytes, *ra = reply_ip + kIp6Bytes;
  memcpy(frame, nic->mac, 6);
  if (ip[8])
    memcpy(reply_ip + 24, ip + 8, 16);
  else
    inet_pton(AF_INET6, "ff02::1", reply_ip + 24);  // asked from :: (RFC 4861 6.2.6)
  memcpy(ra + 16 + 16, nic->prefix, 8);
  const uint16_t ra_length = (uint16_t)(advert_bytes - kEthBytes - kIp6Bytes);
  const uint16_t sum = fold(sum_bytes(ra, ra_length, icmp6_pseudo(reply_ip, ra_length)));
  memcpy(ra + 2, &sum, 2);
  queue_frame(advert_bytes);
  return 1;
}

static void flush_frames(void) {
  for (unsigned sent = 0; sent < out.count;) {
    const int n = sendmmsg(out.fd, out.messages + sent, out.count - sent, MSG_DONTWAIT);
    sent += n > 0 ? (unsigned)n : 1;  // a frame that cannot be sent is left out
  }
  out.count = 0;
}

static void open_outbox(void) {
  out.fd = socket(AF_PACKET, SOCK_RAW, 0);
  if (out.fd < 0) fail("AF_PACKET");
  for (int i = 0; i < kBatch; i++) {
    out.parts[i].iov_base = out.frames[i];
    out.to[i].sll_family = AF_PACKET;
    out.messages[i].msg_hdr = (struct msghdr){.msg_name = &out.to[i],
                                              .msg_namelen = sizeof out.to[i],
                                              .msg_iov = &out.parts[i],
                                              .msg_iovlen = 1};
  }
}

static void serve(int fd, uint16_t dhcp_queue) {
  static uint8_t bytes[kBatch][kReadBytes];
  struct iovec parts[kBatch];
  struct mmsghdr messages[kBatch];
  struct packet packets[kBatch];
  int verdicts[kBatch];
  for (int i = 0; i < kBatch; i++) {
    parts[i] = (struct iovec){.iov_base = bytes[i], .iov_len = kReadBytes};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
  }
  for (;;) {
    const int received = recvmmsg(fd, messages, kBatch, MSG_WAITFORONE, NULL);
    if (received < 0 && errno != EINTR && errno != ENOBUFS) fail("recvmmsg");
    int count = 0;
    for (int i = 0; i < received; i++) {
      struct packet* p = &packets[count];
      if (!parse_packet(bytes[i], messages[i].msg_len, p)) continue;
      const struct nic* nic = p->mac ? find_nic(p->ifindex, p->mac) : NULL;
      const int is_ours = nic && (p->queue == dhcp_queue ? respond_dhcp(nic, p->bytes, p->length)
                                                         : respond_rs(nic, p->bytes, p->length));
      verdicts[count++] = is_ours ? NF_DROP : NF_ACCEPT;
    }
    flush_frames();
    send_verdicts(fd, packets, verdicts, count);
  }
}

int main(int argc, char** argv) {
  if (argc != 6) {
    fprintf(stderr, "usage: nfq-responder TABLE DHCP_QUEUE RS_QUEUE SERVER_IP PREFIX_LENGTH\n");
    return 2;
  }
  const uint16_t queues[2] = {(uint16_t)atoi(argv[2]), (uint16_t)atoi(argv[3])};
  if (inet_pton(AF_INET, argv[4], &server_ip) != 1) fail(argv[4]);
  prepare_reply((unsigned)atoi(argv[5]));
  prepare_advert();
  load_table(argv[1]);
  open_outbox();
  const int fd = open_queues(queues, 2);
  puts("ready");
  fflush(stdout);
  serve(fd, queues[0]);
}
