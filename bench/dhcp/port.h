// Where the guests' frames go in and out: one veth by AF_PACKET (a ring in, sendmmsg out), or a tap
// for each client.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire.h"

enum {
  kRingFrames = 2048,  // 2 MiB; a larger ring misses the cache, at the expense of the server
  kRingFrameBytes = 1024,
  kRingBlockBytes = 1 << 20,
  kOutBatch = 64,
};

// Takes one frame; is_partial: its UDP checksum is not computed yet, as between two ends of a veth.
typedef void (*frame_handler)(const uint8_t* frame, size_t length, int is_partial);

static struct {
  int packet_fd;  // veth
  uint8_t* ring;
  uint32_t ring_at;
  unsigned out_count;
  uint8_t out_frames[kOutBatch][kSlotBytes];
  struct iovec out_parts[kOutBatch];
  struct mmsghdr out_messages[kOutBatch];
  int epoll_fd;  // taps
  int* tap_fds;  // NULL on a veth
} port;

static void fail(const char* what) {
  perror(what);
  exit(1);
}

static void port_flush(void) {
  for (unsigned sent = 0; sent < port.out_count;) {
    const int n = sendmmsg(port.packet_fd, port.out_messages + sent, port.out_count - sent, 0);
    if (n < 0 && errno != EINTR && errno != ENOBUFS) fail("sendmmsg");
    if (n > 0) sent += (unsigned)n;
  }
  port.out_count = 0;
}

// Where the next frame is to be written.
static uint8_t* port_frame(void) { return port.out_frames[port.out_count]; }

// Sends the frame that was written there; on a veth at the next flush, which a full batch does by
// itself.
static void port_send(uint32_t client, size_t length) {
  if (port.tap_fds) {
    if (write(port.tap_fds[client], port_frame(), length) < 0 && errno != EAGAIN) fail("tap");
    return;
  }
  port.out_parts[port.out_count].iov_len = length;
  if (++port.out_count == kOutBatch) port_flush();
}

static void wait_ring(struct timespec t, frame_handler handle) {
  port_flush();
  for (unsigned n = 0; n < 4 * kOutBatch;) {
    struct tpacket2_hdr* h = (void*)(port.ring + (size_t)port.ring_at * kRingFrameBytes);
    const uint32_t status = __atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE);
    if (!(status & TP_STATUS_USER)) {
      if (n) return;  // what was sent for them goes out before we sleep
      struct pollfd p = {.fd = port.packet_fd, .events = POLLIN};
      if (ppoll(&p, 1, &t, NULL) <= 0) return;
      continue;
    }
    handle((const uint8_t*)h + h->tp_mac, h->tp_snaplen, !!(status & TP_STATUS_CSUMNOTREADY));
    __atomic_store_n(&h->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    port.ring_at = (port.ring_at + 1) % kRingFrames;
    n++;
  }
}

static void wait_taps(struct timespec t, frame_handler handle) {
  struct epoll_event events[256];
  const int n = epoll_pwait2(port.epoll_fd, events, 256, &t, NULL);
  if (n < 0 && errno != EINTR) fail("epoll_pwait2");
  uint8_t frame[2048];
  for (int i = 0; i < n; i++) {
    const ssize_t length = read(port.tap_fds[events[i].data.u32], frame, sizeof frame);
    if (length > 0) handle(frame, (size_t)length, 0);
  }
}

// Sends what waits, then handles frames that are there, or the first ones that come within the
// time.
static void port_wait(uint64_t wait_ns, frame_handler handle) {
  const struct timespec t = {.tv_sec = (time_t)(wait_ns / 1000000000),
                             .tv_nsec = (long)(wait_ns % 1000000000)};
  if (port.tap_fds)
    wait_taps(t, handle);
  else
    wait_ring(t, handle);
}

static void open_veth(const char* name) {
  const int fd = port.packet_fd = socket(AF_PACKET, SOCK_RAW, 0);
  const int version = TPACKET_V2, on = 1;
  const struct tpacket_req req = {.tp_block_size = kRingBlockBytes,
                                  .tp_block_nr = kRingFrames / (kRingBlockBytes / kRingFrameBytes),
                                  .tp_frame_size = kRingFrameBytes,
                                  .tp_frame_nr = kRingFrames};
  if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version))
    fail("AF_PACKET");
  setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on);
  setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
  if (setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof req)) fail("PACKET_RX_RING");
  const int flags = MAP_SHARED | MAP_POPULATE;
  port.ring =
      mmap(NULL, (size_t)kRingFrames * kRingFrameBytes, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (port.ring == MAP_FAILED) fail("mmap");
  const struct sockaddr_ll self = {.sll_family = AF_PACKET,
                                   .sll_protocol = htons(ETH_P_ALL),
                                   .sll_ifindex = (int)if_nametoindex(name)};
  if (!self.sll_ifindex || bind(fd, (const void*)&self, sizeof self)) fail(name);
  for (int i = 0; i < kOutBatch; i++) {
    port.out_parts[i].iov_base = port.out_frames[i];
    port.out_messages[i].msg_hdr = (struct msghdr){.msg_iov = &port.out_parts[i], .msg_iovlen = 1};
  }
}

static int open_tap(const char* prefix, uint32_t i, int control) {
  struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI};
  snprintf(r.ifr_name, sizeof r.ifr_name, "%.8s%u", prefix, i % 1000000);
  const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0 || ioctl(fd, TUNSETIFF, &r)) fail("/dev/net/tun");
  memset(&r.ifr_hwaddr, 0, sizeof r.ifr_hwaddr);
  r.ifr_hwaddr.sa_family = 1;
  memcpy(r.ifr_hwaddr.sa_data, kGatewayMac, 6);
  if (ioctl(control, SIOCSIFHWADDR, &r)) fail("SIOCSIFHWADDR");
  r.ifr_flags = IFF_UP;
  if (ioctl(control, SIOCSIFFLAGS, &r)) fail("SIOCSIFFLAGS");
  return fd;
}

static void open_taps(const char* prefix, uint32_t count) {
  const struct rlimit limit = {.rlim_cur = count + 64, .rlim_max = count + 64};
  if (setrlimit(RLIMIT_NOFILE, &limit)) fail("RLIMIT_NOFILE");
  const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  port.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  port.tap_fds = calloc(count, sizeof *port.tap_fds);
  for (uint32_t i = 0; i < count; i++) {
    port.tap_fds[i] = open_tap(prefix, i, control);
    struct epoll_event e = {.events = EPOLLIN, .data.u32 = i};
    if (epoll_ctl(port.epoll_fd, EPOLL_CTL_ADD, port.tap_fds[i], &e)) fail("epoll_ctl");
  }
  close(control);
}
