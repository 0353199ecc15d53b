// The guests: makes DHCP and RS exchanges, checks every answer, and measures.
//
//     load veth IFNAME CLIENTS SERVER_IP      all clients behind one interface of this network
//     namespace load taps PREFIX CLIENTS SERVER_IP      one tap PREFIX0, PREFIX1, .. each, made in
//     this namespace, this side the guest
//
// Client i has the MAC aa:00 + i (32 bits), the address 10.77.1.0 + i and the prefix
// 2001:db8:n:m::/64 of which n and m are the number of its network, i / 100. Prints `ready`, then
// obeys lines on stdin and prints one line of JSON for each:
//
//     run [mode=dora|renew|rs] [window=64] [seconds=2] [first=0] [count=CLIENTS] [once=0]
//     [retry_ms=200] [tries=10]
//         [interval_us=0] [flood_client=-1] [flood_rate=0] [broadcast=0]
//     burst [frames=16000] [seconds=10] [first=0] [count=CLIENTS]
//
// `run` keeps `window` exchanges going, each by another client in turn, for some seconds, or with
// once=1 until each client had one. interval_us: each slot waits until that long after its last
// exchange began. The flooder sends DISCOVERs at its rate beside it, whose answers are counted and
// else ignored. `burst` sends DISCOVERs without waiting, then counts the answers. Times are
// CLOCK_MONOTONIC.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "guest.h"
#include "port.h"

enum {
  kMostWindow = 4096,
  kBuckets = 2000000,  // latencies in microseconds
};

enum mode { kDora, kRenew, kRs };
enum state { kIdle, kWaitOffer, kWaitAck, kWaitAdvert, kFlooding };

struct client {
  enum state state;
  uint32_t xid;
  uint32_t slot;
  uint32_t tries;
  uint32_t server_id;
  uint64_t began_ns;
  uint64_t sent_ns;
};

struct run {
  enum mode mode;
  uint32_t window, first, count, tries;
  int once, broadcast;
  double seconds;
  uint64_t retry_ns, interval_ns;
  int64_t flood_client;
  double flood_rate;
};

struct counts {
  uint64_t done, late_done, retries, lost, bad, stray, flood_sent, flood_answers;
  uint64_t first_done_ns, last_done_ns;
};

static struct client* clients;
static uint32_t client_count;
static uint32_t server_ip;
static uint32_t next_xid;
static struct run run;
static struct counts counts;
static const char* first_bad;
static uint32_t buckets[kBuckets];

static uint32_t slots[kMostWindow];          // client of each slot, UINT32_MAX when free
static uint64_t slot_began_ns[kMostWindow];  // when its last exchange began
static uint32_t slots_used;
static uint32_t next_client;  // how many of this run's clients were begun
static int is_draining;

static void bad(const char* why) {
  counts.bad++;
  if (!first_bad) first_bad = why;
}

// Sends what the client is to send next, or again.
static void send_step(const struct client* c) {
  const uint32_t i = (uint32_t)(c - clients);
  if (c->state == kWaitAdvert) {
    port_send(i, build_rs(i, port_frame()));
    return;
  }
  const struct dhcp_message message = {
      .client = i,
      .type = c->state == kWaitAck ? kRequest : kDiscover,
      .xid = c->xid,
      .server_ip = server_ip,
      .server_id = c->server_id,
      .is_renewal = run.mode == kRenew,
      .wants_broadcast = run.broadcast,
  };
  port_send(i, build_dhcp(&message, port_frame()));
}

static struct client* find_client(const uint8_t* mac) {
  const uint32_t i = client_of_mac(mac);
  return i < client_count ? &clients[i] : NULL;
}

// ---- exchanges

static void begin_exchange(uint32_t slot, uint64_t now) {
  if (is_draining || (run.once && next_client >= run.count)) return;
  struct client* c = NULL;
  for (uint32_t tried = 0; tried < run.count; tried++) {
    struct client* candidate = &clients[run.first + next_client++ % run.count];
    if (candidate->state == kIdle) {
      c = candidate;
      break;
    }
  }
  if (!c) return;
  c->slot = slot;
  c->tries = 1;
  c->xid = htonl(next_xid++);
  c->began_ns = c->sent_ns = now;
  c->state = run.mode == kRs ? kWaitAdvert : run.mode == kRenew ? kWaitAck : kWaitOffer;
  slots[slot] = (uint32_t)(c - clients);
  slot_began_ns[slot] = now;
  slots_used++;
  send_step(c);
}

static void free_slot(struct client* c, uint64_t now) {
  slots[c->slot] = UINT32_MAX;
  slots_used--;
  c->state = kIdle;
  if (!run.interval_ns) begin_exchange(c->slot, now);
}

static void complete(struct client* c, uint64_t now) {
  const uint64_t us = (now - c->began_ns) / 1000;
  buckets[us < kBuckets ? us : kBuckets - 1]++;
  if (!counts.first_done_ns) counts.first_done_ns = now;
  counts.last_done_ns = now;
  if (is_draining)
    counts.late_done++;
  else
    counts.done++;
  free_slot(c, now);
}

static void check_timeouts(uint64_t now) {
  for (uint32_t slot = 0; slot < run.window; slot++) {
    if (slots[slot] == UINT32_MAX) {
      if (run.interval_ns && now >= slot_began_ns[slot] + run.interval_ns)
        begin_exchange(slot, now);
      continue;
    }
    struct client* c = &clients[slots[slot]];
    if (now < c->sent_ns + run.retry_ns) continue;
    if (c->tries == run.tries) {
      counts.lost++;
      free_slot(c, now);
      continue;
    }
    c->tries++;
    counts.retries++;
    c->sent_ns = now;
    send_step(c);
  }
}

// ---- answers

static void on_dhcp(const uint8_t* frame, size_t length, int is_partial, uint64_t now) {
  const uint8_t *ip = frame + kEthBytes, *udp = ip + kIpBytes, *bootp = udp + kUdpBytes;
  if (length < kEthBytes + kIpBytes + kUdpBytes + kBootpBytes || ip[0] != 0x45 || ip[9] != 17)
    return;
  const size_t udp_length = get16(udp + 4);
  if (get16(udp) != 67 || get16(udp + 2) != 68) return;
  if (fold(sum_bytes(ip, kIpBytes, 0))) return bad("IPv4 checksum");
  if (get16(ip + 2) != kIpBytes + udp_length || (size_t)(kEthBytes + get16(ip + 2)) > length ||
      udp_length < kUdpBytes + kBootpBytes)
    return bad("lengths");
  if (!is_partial && (udp[6] | udp[7]) &&
      fold(sum_bytes(udp, udp_length, udp_pseudo(ip, (uint16_t)udp_length))))
    return bad("UDP checksum");
  if (bootp[kOp] != 2 || memcmp(bootp + kCookie, kMagic, 4)) return bad("not a DHCP reply");
  struct client* c = find_client(bootp + kChaddr);
  if (!c) return bad("chaddr of nobody");
  if (c->state == kFlooding) {
    counts.flood_answers++;
    return;
  }
  if (raw32(bootp + kXid) != c->xid) {
    counts.stray++;
    return;
  }
  const uint32_t ip_address = client_ip((uint32_t)(c - clients));
  const struct options o = walk_options(bootp + kBootpBytes, udp + udp_length);
  if (o.type == kOffer && c->state != kWaitOffer) {
    counts.stray++;  // a repeated DISCOVER was answered too
    return;
  }
  if (o.type == kAck && c->state != kWaitAck) {
    counts.stray++;
    return;
  }
  if (o.type != kOffer && o.type != kAck) return bad(o.type == kNak ? "NAK" : "message type");
  if (raw32(bootp + kYiaddr) != ip_address) return bad("yiaddr");
  if (!(frame[0] & 1) && memcmp(frame, bootp + kChaddr, 6)) return bad("Ethernet destination");
  if (!o.server_id || !o.lease || !o.mask) return bad("options 54, 51 and 1");
  if (o.type == kOffer) {
    memcpy(&c->server_id, o.server_id, 4);
    c->state = kWaitAck;
    c->tries = 1;
    c->sent_ns = now;
    send_step(c);
  } else {
    complete(c, now);
  }
}

static void on_advert(const uint8_t* frame, size_t length, uint64_t now) {
  const uint8_t *ip = frame + kEthBytes, *ra = ip + kIp6Bytes;
  if (length < kEthBytes + kIp6Bytes + 16 || ip[6] != 58 || ra[0] != 134) return;
  struct client* c = find_client(frame);
  if (!c || ip[24] == 0xff) {
    counts.stray++;  // a periodic one, to all nodes, perhaps in a frame of their own (RFC 6085)
    return;
  }
  uint8_t self[16];
  link_local(frame, self);
  if (memcmp(ip + 24, self, 16)) return bad("destination of an RA");
  if (c->state != kWaitAdvert) {
    counts.stray++;
    return;
  }
  const size_t ra_length = get16(ip + 4);
  if (ra_length < 16 || kEthBytes + kIp6Bytes + ra_length > length) return bad("lengths");
  if (ip[7] != 255 || ra[1] != 0 || ip[8] != 0xfe || ip[9] != 0x80)
    return bad("RA (RFC 4861 6.1.2)");
  if (fold(sum_bytes(ra, ra_length, icmp6_pseudo(ip, (uint16_t)ra_length))))
    return bad("ICMPv6 checksum");
  uint8_t prefix[8];
  client_prefix((uint32_t)(c - clients), prefix);
  int has_prefix = 0;
  const uint8_t* end = ra + ra_length;
  for (const uint8_t* o = ra + 16; o < end; o += o[1] * 8) {
    if (end - o < 8 || !o[1] || end - o < o[1] * 8) return bad("RA options");
    if (o[0] == 3 && o[1] == 4 && o[2] == 64 && !memcmp(o + 16, prefix, 8)) has_prefix = 1;
  }
  if (!has_prefix) return bad("prefix");
  complete(c, now);
}

static void on_frame(const uint8_t* frame, size_t length, int is_partial) {
  if (length < kEthBytes) return;
  const uint16_t type = get16(frame + 12);
  if (type == ETH_P_IP)
    on_dhcp(frame, length, is_partial, now_ns());
  else if (type == ETH_P_IPV6)
    on_advert(frame, length, now_ns());
}

// ---- commands

static void flood(uint64_t began, uint64_t now) {
  if (run.flood_client < 0) return;
  struct client* c = &clients[run.flood_client];
  const double due = (double)(now - began) / 1e9 * run.flood_rate;
  for (int i = 0; i < 64 && (double)counts.flood_sent < due; i++, counts.flood_sent++) {
    c->xid = htonl(next_xid++);
    send_step(c);
  }
}

static double quantile_ms(double share) {
  uint64_t total = 0, seen = 0;
  for (int i = 0; i < kBuckets; i++) total += buckets[i];
  for (int i = 0; i < kBuckets; i++) {
    seen += buckets[i];
    if (total && (double)seen >= share * (double)total) return i / 1000.0;
  }
  return -1;
}

static double since_ms(uint64_t began, uint64_t at) { return at ? (double)(at - began) / 1e6 : -1; }

static void reset(void) {
  memset(&counts, 0, sizeof counts);
  memset(buckets, 0, sizeof buckets);
  memset(slot_began_ns, 0, sizeof slot_began_ns);
  for (uint32_t i = 0; i < kMostWindow; i++) slots[i] = UINT32_MAX;
  for (uint32_t i = 0; i < client_count; i++) clients[i].state = kIdle;
  first_bad = NULL;
  next_client = slots_used = 0;
  is_draining = 0;
}

static void do_run(void) {
  reset();
  if (run.flood_client >= 0) clients[run.flood_client].state = kFlooding;
  const uint64_t began = now_ns(), end = began + (uint64_t)(run.seconds * 1e9);
  uint64_t checked = began;
  for (uint32_t slot = 0; slot < run.window; slot++) begin_exchange(slot, began);
  const uint64_t tick = run.interval_ns || run.flood_client >= 0 || run.retry_ns < 20000000
                            ? 200000
                            : 5000000;  // also how precise retries and intervals are
  uint64_t now = began;
  while (now < end && !(run.once && !slots_used && next_client >= run.count)) {
    port_wait(tick, on_frame);
    now = now_ns();
    flood(began, now);
    if (now - checked >= tick) {
      check_timeouts(now);
      checked = now;
    }
  }
  const uint64_t ended = now;
  is_draining = 1;
  while (slots_used && now < ended + 2000000000) {
    port_wait(5000000, on_frame);
    now = now_ns();
    check_timeouts(now);
  }
  port_flush();
  counts.lost += slots_used;
  printf(
      "{\"done\":%llu,\"total\":%llu,\"seconds\":%.6f,\"rate\":%.1f,\"retries\":%llu,\"lost\":%llu,"
      "\"bad\":%llu,\"firstBad\":\"%s\",\"stray\":%llu,\"p50Ms\":%.3f,\"p99Ms\":%.3f,\"maxMs\":%."
      "3f,"
      "\"beganNs\":\"%llu\",\"firstMs\":%.3f,\"lastMs\":%.3f,\"floodSent\":%llu,\"floodAnswers\":%"
      "llu}"
      "\n",
      (unsigned long long)counts.done, (unsigned long long)(counts.done + counts.late_done),
      (double)(ended - began) / 1e9, (double)counts.done * 1e9 / (double)(ended - began),
      (unsigned long long)counts.retries, (unsigned long long)counts.lost,
      (unsigned long long)counts.bad, first_bad ? first_bad : "", (unsigned long long)counts.stray,
      quantile_ms(0.5), quantile_ms(0.99), quantile_ms(1), (unsigned long long)began,
      since_ms(began, counts.first_done_ns), since_ms(began, counts.last_done_ns),
      (unsigned long long)counts.flood_sent, (unsigned long long)counts.flood_answers);
}

// All frames are distinct exchanges, so that each answer tells which one it belongs to: a client's
// xids of this burst follow one another, and `answered` has a bit for each.
static uint8_t* burst_answered;
static uint32_t burst_first_xid, burst_frames;
static uint64_t burst_count;

static void on_burst_frame(const uint8_t* frame, size_t length, int is_partial) {
  (void)is_partial;
  const uint8_t *ip = frame + kEthBytes, *bootp = ip + kIpBytes + kUdpBytes;
  if (length < kEthBytes + kIpBytes + kUdpBytes + kBootpBytes || get16(frame + 12) != ETH_P_IP)
    return;
  const uint32_t i = ntohl(raw32(bootp + kXid)) - burst_first_xid;
  if (i >= burst_frames || burst_answered[i]) return;
  const struct client* c = &clients[run.first + i % run.count];
  if (raw32(bootp + kYiaddr) != client_ip((uint32_t)(c - clients))) return bad("yiaddr");
  burst_answered[i] = 1;
  burst_count++;
}

static void do_burst(void) {
  reset();
  burst_answered = calloc(burst_frames, 1);
  burst_first_xid = next_xid;
  burst_count = 0;
  const uint64_t began = now_ns();
  for (uint32_t i = 0; i < burst_frames; i++) {
    struct client* c = &clients[run.first + i % run.count];
    c->xid = htonl(next_xid++);
    send_step(c);
    if (i % kOutBatch == 0) port_wait(0, on_burst_frame);  // answers to the first come already
  }
  port_flush();
  const uint64_t sent = now_ns();
  while (burst_count < burst_frames && now_ns() < sent + (uint64_t)(run.seconds * 1e9))
    port_wait(5000000, on_burst_frame);
  printf(
      "{\"frames\":%u,\"answered\":%llu,\"bad\":%llu,\"sentMs\":%.3f,\"beganNs\":\"%llu\","
      "\"lastMs\":%.3f}"
      "\n",
      burst_frames, (unsigned long long)burst_count, (unsigned long long)counts.bad,
      since_ms(began, sent), (unsigned long long)began, since_ms(began, now_ns()));
  free(burst_answered);
}

static int parse_field(char* word) {
  char* equals = strchr(word, '=');
  if (!equals) return 0;
  *equals = 0;
  const char* text = equals + 1;
  const double number = atof(text);
  if (!strcmp(word, "mode"))
    run.mode = !strcmp(text, "rs") ? kRs : !strcmp(text, "renew") ? kRenew : kDora;
  else if (!strcmp(word, "window"))
    run.window = (uint32_t)number;
  else if (!strcmp(word, "seconds"))
    run.seconds = number;
  else if (!strcmp(word, "first"))
    run.first = (uint32_t)number;
  else if (!strcmp(word, "count"))
    run.count = (uint32_t)number;
  else if (!strcmp(word, "once"))
    run.once = number != 0;
  else if (!strcmp(word, "broadcast"))
    run.broadcast = number != 0;
  else if (!strcmp(word, "retry_ms"))
    run.retry_ns = (uint64_t)(number * 1e6);
  else if (!strcmp(word, "tries"))
    run.tries = (uint32_t)number;
  else if (!strcmp(word, "interval_us"))
    run.interval_ns = (uint64_t)(number * 1e3);
  else if (!strcmp(word, "flood_client"))
    run.flood_client = (int64_t)number;
  else if (!strcmp(word, "flood_rate"))
    run.flood_rate = number;
  else if (!strcmp(word, "frames"))
    burst_frames = (uint32_t)number;
  else
    return 0;
  return 1;
}

static void obey(char* line) {
  run = (struct run){.window = 64,
                     .seconds = 2,
                     .count = client_count,
                     .retry_ns = 200000000,
                     .tries = 10,
                     .flood_client = -1};
  burst_frames = 16000;
  char* command = strtok(line, " \n");
  if (!command) return;
  for (char* word; (word = strtok(NULL, " \n"));)
    if (!parse_field(word)) {
      fprintf(stderr, "load: what is %s?\n", word);
      exit(2);
    }
  if (run.window < 1 || run.window > kMostWindow || run.count < 1 ||
      run.first + run.count > client_count || run.flood_client >= (int64_t)client_count) {
    fprintf(stderr, "load: out of range\n");
    exit(2);
  }
  if (!strcmp(command, "burst"))
    do_burst();
  else
    do_run();
  fflush(stdout);
}

int main(int argc, char** argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: load veth|taps IFNAME|PREFIX CLIENTS SERVER_IP\n");
    return 2;
  }
  client_count = (uint32_t)atoi(argv[3]);
  clients = calloc(client_count, sizeof *clients);
  if (inet_pton(AF_INET, argv[4], &server_ip) != 1) fail(argv[4]);
  next_xid = (uint32_t)now_ns();
  if (!strcmp(argv[1], "taps"))
    open_taps(argv[2], client_count);
  else
    open_veth(argv[2]);
  puts("ready");
  fflush(stdout);
  char line[512];
  while (fgets(line, sizeof line, stdin)) obey(line);
}
