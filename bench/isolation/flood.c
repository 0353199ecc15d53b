// Loads the path between two guests, or takes what comes.
//
//   flood taps FROM TO HEX SECONDS    is the qemu of two guests: writes one frame to a tap again and again, reads another tap,
//                                     and prints how many frames came
//   flood send ADDRESS PORT SECONDS   fills a TCP connection
//   flood take PORT                   accepts one TCP connection and prints the bytes it has had
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { kBatch = 64, kFrameMax = 1514 };

static double Now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

static int Fail(const char *what) {
  perror(what);
  return 1;
}

// A persistent tap that is there already.
static int OpenTap(const char *name) {
  struct ifreq request;
  memset(&request, 0, sizeof request);
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  return fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0 ? -1 : fd;
}

static int Taps(const char *from, const char *to, const char *hex, double seconds) {
  unsigned char frame[kFrameMax];
  unsigned char other[kFrameMax];
  size_t length = 0;
  for (unsigned byte; length < sizeof frame && sscanf(hex + 2 * length, "%2x", &byte) == 1; length++)
    frame[length] = byte;
  int out = OpenTap(from);
  int in = OpenTap(to);
  if (out < 0 || in < 0) return Fail("tap");
  long count = 0;
  for (double end = Now() + seconds; Now() < end;) {
    for (int i = 0; i < kBatch; i++)
      if (write(out, frame, length) < 0) return Fail("write");
    for (ssize_t size; (size = read(in, other, sizeof other)) > 0;)
      if ((size_t)size == length && memcmp(frame, other, length) == 0) count++;
  }
  printf("%ld\n", count);
  return 0;
}

static int Send(const char *address, int port, double seconds) {
  static char block[1 << 17];
  int s = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, address, &to.sin_addr);
  if (connect(s, (struct sockaddr *)&to, sizeof to) < 0) return Fail("connect");
  for (double end = Now() + seconds; Now() < end;)
    if (write(s, block, sizeof block) < 0) return Fail("write");
  return 0;
}

static int Take(int port) {
  static char block[1 << 17];
  int s = socket(AF_INET, SOCK_STREAM, 0);
  int one = 1;
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (bind(s, (struct sockaddr *)&at, sizeof at) < 0 || listen(s, 1) < 0) return Fail("listen");
  puts("ready");
  fflush(stdout);
  int stream = accept(s, NULL, NULL);
  long long bytes = 0;
  for (ssize_t count; (count = read(stream, block, sizeof block)) > 0;) bytes += count;
  printf("%lld\n", bytes);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 6 && strcmp(argv[1], "taps") == 0)
    return Taps(argv[2], argv[3], argv[4], atof(argv[5]));
  if (argc == 5 && strcmp(argv[1], "send") == 0) return Send(argv[2], atoi(argv[3]), atof(argv[4]));
  if (argc == 3 && strcmp(argv[1], "take") == 0) return Take(atoi(argv[2]));
  fprintf(stderr, "usage: see flood.c\n");
  return 2;
}
