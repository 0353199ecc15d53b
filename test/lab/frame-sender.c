// Sends frames on the second interface: from stdin, each with its length before it, two bytes, most significant first.
// Without any library, so that it is small enough to be typed into a guest's serial shell (x86-64).
//
//   gcc -Os -static -nostdlib -fno-stack-protector -Wl,-z,noseparate-code,-n -s
enum { kRead = 0, kSocket = 41, kSendTo = 44, kExit = 60, kPacket = 17, kRaw = 3, kInterface = 2 };

static long Call(long number, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

static int ReadAll(unsigned char *to, long size) {
  for (long had = 0, count; had < size; had += count)
    if ((count = Call(kRead, 0, (long)to + had, size - had, 0, 0, 0)) <= 0) return 0;
  return 1;
}

void _start(void) {
  static unsigned char frame[2048];
  struct {  // struct sockaddr_ll
    unsigned short family, protocol;
    int index;
    unsigned char rest[12];
  } to = {kPacket, 0, kInterface, {0}};
  long s = Call(kSocket, kPacket, kRaw, 0, 0, 0, 0);
  for (unsigned char head[2]; ReadAll(head, 2);) {
    long size = (head[0] << 8 | head[1]) & 2047;
    if (ReadAll(frame, size)) Call(kSendTo, s, (long)frame, size, 0, (long)&to, sizeof to);
  }
  Call(kExit, 0, 0, 0, 0, 0, 0);
}
