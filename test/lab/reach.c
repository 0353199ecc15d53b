// Stands for a host of an emulated machine, where Node would need seconds for each answer
// (test/support/reach-program.ts does the same).
//
//   reach serve tcp/22 udp/53 ..
//     echoes on these ports, in both families, from the address that was asked; prints `ready`
//   reach ask ADDRESS MS tcp/22 icmp/56 ..
//     tries all at once, prints those that answered in time; icmp/N is a ping of N bytes (or 56)
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { most = 256, longest = 8192 };

static int protocol_of(const char* door) {
  return strncmp(door, "tcp", 3) == 0   ? IPPROTO_TCP
         : strncmp(door, "udp", 3) == 0 ? IPPROTO_UDP
                                        : IPPROTO_ICMP;
}

static int number_of(const char* door) {
  const char* slash = strchr(door, '/');
  return slash ? atoi(slash + 1) : 56;
}

static int listener(const char* door) {
  int is_tcp = protocol_of(door) == IPPROTO_TCP, on = 1;
  int fd = socket(AF_INET6, is_tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
  struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(number_of(door))};
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (!is_tcp) setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
  if (bind(fd, (struct sockaddr*)&any, sizeof any) != 0) err(1, "bind %s", door);
  if (is_tcp && listen(fd, 64) != 0) err(1, "listen %s", door);
  return fd;
}

// The control message that told where a datagram went to tells, given back, where the answer comes
// from.
static void echo_datagram(int fd) {
  char bytes[longest], control[256];
  struct sockaddr_in6 from;
  struct iovec part = {bytes, sizeof bytes};
  struct msghdr message = {.msg_name = &from,
                           .msg_namelen = sizeof from,
                           .msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = sizeof control};
  ssize_t got = recvmsg(fd, &message, 0);
  if (got < 0) return;
  part.iov_len = got;
  for (struct cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
    if (c->cmsg_type == IPV6_PKTINFO) ((struct in6_pktinfo*)CMSG_DATA(c))->ipi6_ifindex = 0;
  sendmsg(fd, &message, 0);
}

static void serve(int count, char** doors) {
  struct pollfd fds[most];
  int used = count;
  for (int i = 0; i < count; i++) fds[i] = (struct pollfd){listener(doors[i]), POLLIN, 0};
  puts("ready");
  fflush(stdout);
  while (poll(fds, used, -1) >= 0) {
    for (int i = 0; i < count; i++) {
      if (!fds[i].revents) continue;
      if (protocol_of(doors[i]) == IPPROTO_UDP)
        echo_datagram(fds[i].fd);
      else if (used < most)
        fds[used++] = (struct pollfd){accept(fds[i].fd, NULL, NULL), POLLIN, 0};
    }
    for (int i = used - 1; i >= count; i--) {
      char bytes[longest];
      if (!fds[i].revents) continue;
      ssize_t got = read(fds[i].fd, bytes, sizeof bytes);
      if (got > 0 && write(fds[i].fd, bytes, got) == got) continue;
      close(fds[i].fd);
      fds[i] = fds[--used];
    }
  }
}

static unsigned short checksum(const unsigned char* bytes, size_t length) {
  unsigned long sum = 0;
  for (size_t i = 0; i + 1 < length; i += 2) sum += bytes[i] << 8 | bytes[i + 1];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return htons(~sum);
}

// Type, code, checksum, identifier, number: the same place in both families (RFC 792, RFC
// 4443 4.1).
static void ping(int fd, const struct addrinfo* to, int size, int number) {
  unsigned char bytes[longest] = {0};
  int is_4 = to->ai_family == AF_INET, id = getpid();
  bytes[0] = is_4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
  bytes[4] = id >> 8, bytes[5] = id, bytes[7] = number;
  unsigned short sum = is_4 ? checksum(bytes, 8 + size) : 0;
  memcpy(bytes + 2, &sum, 2);
  if (send(fd, bytes, 8 + size, 0) < 0 && errno != EPERM) warn("ping");
}

static int is_pong(int fd, int family, int number) {
  unsigned char bytes[longest], *at = bytes;
  ssize_t got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (family == AF_INET && got > 0) at += (bytes[0] & 15) * 4;
  int id = getpid() & 0xffff;
  return got >= 8 && at[0] == (family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY) &&
         at[4] == id >> 8 && at[5] == (id & 255) && at[7] == number;
}

static int open_door(const char* door, struct addrinfo* to, int number) {
  int protocol = protocol_of(door), is_4 = to->ai_family == AF_INET;
  int type = protocol == IPPROTO_TCP   ? SOCK_STREAM
             : protocol == IPPROTO_UDP ? SOCK_DGRAM
                                       : SOCK_RAW;
  int fd = socket(to->ai_family, type | SOCK_NONBLOCK,
                  protocol != IPPROTO_ICMP ? 0
                  : is_4                   ? IPPROTO_ICMP
                                           : IPPROTO_ICMPV6);
  if (fd < 0) err(1, "socket");
  if (is_4)
    ((struct sockaddr_in*)to->ai_addr)->sin_port =
        htons(protocol == IPPROTO_ICMP ? 0 : number_of(door));
  else
    ((struct sockaddr_in6*)to->ai_addr)->sin6_port =
        htons(protocol == IPPROTO_ICMP ? 0 : number_of(door));
  if (connect(fd, to->ai_addr, to->ai_addrlen) != 0 && errno != EINPROGRESS) {
    close(fd);
    return -1;
  }
  if (protocol == IPPROTO_UDP && send(fd, "hello", 5, 0) < 0) warn("%s", door);
  if (protocol == IPPROTO_ICMP) ping(fd, to, number_of(door), number);
  return fd;
}

static long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void ask(const char* address, long patience_ms, int count, char** doors) {
  struct pollfd fds[most];
  int has_answered[most] = {0}, waiting = count;
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM}, *to;
  if (getaddrinfo(address, NULL, &hints, &to) != 0) errx(1, "%s is no address", address);
  for (int i = 0; i < count; i++) {
    int is_tcp = protocol_of(doors[i]) == IPPROTO_TCP;
    fds[i] = (struct pollfd){open_door(doors[i], to, i), is_tcp ? POLLOUT : POLLIN, 0};
    if (fds[i].fd < 0) waiting--;
  }
  for (long end = now_ms() + patience_ms, left; waiting > 0 && (left = end - now_ms()) > 0;) {
    if (poll(fds, count, left) <= 0) continue;
    for (int i = 0; i < count; i++) {
      char bytes[longest];
      if (fds[i].fd < 0 || !fds[i].revents) continue;
      if (fds[i].revents & POLLOUT && send(fds[i].fd, "hello", 5, MSG_NOSIGNAL) == 5) {
        fds[i].events = POLLIN;
        continue;
      }
      int is_ping = protocol_of(doors[i]) == IPPROTO_ICMP;
      has_answered[i] = is_ping ? is_pong(fds[i].fd, to->ai_family, i)
                                : recv(fds[i].fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0;
      if (is_ping && !has_answered[i]) continue;  // raw sockets get everybody's
      close(fds[i].fd);
      fds[i].fd = -1;
      waiting--;
    }
  }
  for (int i = 0; i < count; i++)
    if (has_answered[i]) puts(doors[i]);
}

int main(int argc, char** argv) {
  if (argc > 2 && strcmp(argv[1], "serve") == 0)
    serve(argc - 2, argv + 2);
  else if (argc > 4 && strcmp(argv[1], "ask") == 0)
    ask(argv[2], atol(argv[3]), argc - 4, argv + 4);
  else
    errx(2, "reach serve DOOR.. | reach ask ADDRESS MS DOOR..");
}
