// probe ACT..: tries each act and says what came of it, one line each: `ACT<tab>done` or `ACT<tab>EACCES`. An act is words joined by
// commas: read,PATH  list,PATH  write,PATH  remove,PATH  connect,PATH  socket,FAMILY,TYPE,PROTOCOL  tcp,ADDRESS,PORT  udp,ADDRESS,PORT
// run,PATH  run-copy,PATH (from memory)  write-and-run,PATH  mount,PATH  unshare,FLAG  trace,PID  signal,PID  kernel,NAME  call,NAME
//
//   gcc -O1 -static -o probe probe.c
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int Fails(long result) { return result < 0 ? errno : 0; }

static int Closed(int fd) {
  if (fd < 0) return errno;
  close(fd);
  return 0;
}

// systemd hides a file behind an empty one, which some capabilities open.
static int Read(const char *path) {
  char byte;
  int fd = open(path, O_RDONLY | O_NONBLOCK);
  if (fd < 0) return errno;
  long count = read(fd, &byte, 1);
  int problem = count < 0 ? errno : count == 0 ? ENODATA : 0;
  close(fd);
  return problem == EAGAIN ? 0 : problem;
}

static int List(const char *path) {
  DIR *folder = opendir(path);
  if (!folder) return errno;
  int count = 0;
  while (readdir(folder)) count++;
  closedir(folder);
  return count > 2 ? 0 : ENODATA;
}

// A file that is there keeps its content; one that is made is removed.
static int Write(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (fd >= 0) unlink(path);
  else if (errno == EEXIST) fd = open(path, O_WRONLY);
  return Closed(fd);
}

static int Connect(const char *path) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  strncpy(to.sun_path, path, sizeof to.sun_path - 1);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  int problem = fd < 0 ? errno : Fails(connect(fd, (struct sockaddr *)&to, sizeof to));
  if (fd >= 0) close(fd);
  return problem;
}

// A refusal of the other side is an answer: it was reached.
static int Internet(const char *address, int port, int type) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, address, &to.sin_addr);
  int fd = socket(AF_INET, type, 0);
  if (fd < 0) return errno;
  struct timeval limit = {.tv_sec = 2};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  int problem = type == SOCK_STREAM ? Fails(connect(fd, (struct sockaddr *)&to, sizeof to))
                                    : Fails(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to));
  close(fd);
  return problem == ECONNREFUSED ? 0 : problem;
}

// What the child could not do is its exit status.
static int Child(int (*work)(const char *), const char *argument) {
  int status;
  pid_t child = fork();
  if (child < 0) return errno;
  if (child == 0) _exit(work(argument));
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static char *const kNoWords[] = {"true", NULL};

static int Execute(const char *path) {
  execve(path, kNoWords, environ);
  return errno;
}

static int ExecuteCopy(const char *path) {
  int from = open(path, O_RDONLY), copy = memfd_create("copy", 0);
  if (from < 0 || copy < 0) return errno;
  while (sendfile(copy, from, NULL, 1 << 20) > 0) continue;
  fexecve(copy, kNoWords, environ);
  return errno;
}

static int WriteAndExecute(const char *path) {
  int from = open("/proc/self/exe", O_RDONLY), copy = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700);
  if (from < 0 || copy < 0) return errno;
  while (sendfile(copy, from, NULL, 1 << 20) > 0) continue;
  close(copy);
  int problem = Child(Execute, path);
  unlink(path);
  return problem;
}

static int Unshare(const char *flag) {
  if (!strcmp(flag, "user")) return Fails(unshare(CLONE_NEWUSER));
  if (!strcmp(flag, "net")) return Fails(unshare(CLONE_NEWNET));
  return Fails(unshare(CLONE_NEWNS));
}

static int Mount(const char *path) {
  if (unshare(CLONE_FS)) return errno;
  int problem = Fails(mount("tmpfs", path, "tmpfs", 0, ""));
  if (!problem) umount2(path, MNT_DETACH);
  return problem;
}

static int Join(const char *path) {
  int fd = open(path, O_RDONLY);
  return fd < 0 ? errno : Fails(setns(fd, 0));
}

static int Trace(const char *pid) {
  int target = atoi(pid), problem = Fails(ptrace(PTRACE_SEIZE, target, 0, 0));
  if (!problem) ptrace(PTRACE_DETACH, target, 0, 0);
  return problem;
}

static int Identity(const char *unused) { return Fails(syscall(SYS_setresuid, 65534, 65534, 65534)) + 0 * !unused; }

static int Root(const char *path) { return Fails(chroot(path)); }

static int RealTime(const char *unused) {
  struct sched_param highest = {.sched_priority = 1};
  return Fails(sched_setscheduler(0, SCHED_FIFO, &highest)) + 0 * !unused;
}

static int Priority(const char *unused) { return Fails(setpriority(PRIO_PROCESS, 0, -5)) + 0 * !unused; }

static int HostName(const char *unused) {
  char name[256];
  gethostname(name, sizeof name);
  return Fails(sethostname(name, strlen(name))) + 0 * !unused;
}

static int Personality(const char *unused) { return Fails(personality(PER_LINUX32)) + 0 * !unused; }

static int SetId(const char *path) {
  int problem = Closed(open(path, O_WRONLY | O_CREAT, 0600));
  if (!problem) problem = Fails(chmod(path, 04755));
  unlink(path);
  return problem;
}

static int Device(const char *path) {
  int problem = Fails(mknod(path, S_IFCHR | 0600, 0x103));
  unlink(path);
  return problem;
}

static int Bpf(const char *unused) {
  union bpf_attr map = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
  return Closed(syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof map)) + 0 * !unused;
}

static int Perf(const char *unused) {
  struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE, .size = sizeof event, .config = PERF_COUNT_SW_TASK_CLOCK};
  return Closed(syscall(SYS_perf_event_open, &event, 0, -1, -1, 0)) + 0 * !unused;
}

static int Keys(const char *unused) { return Fails(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1)) + 0 * !unused; }

static int Words(char *act) {
  char *word[4] = {"", "", "", ""};
  int count = 0;
  for (char *one = strtok(act, ","); one && count < 4; one = strtok(NULL, ",")) word[count++] = one;
  const char *verb = word[0];
  if (!strcmp(verb, "read")) return Read(word[1]);
  if (!strcmp(verb, "list")) return List(word[1]);
  if (!strcmp(verb, "write")) return Write(word[1]);
  if (!strcmp(verb, "remove")) return Fails(unlink(word[1]));
  if (!strcmp(verb, "connect")) return Connect(word[1]);
  if (!strcmp(verb, "socket")) return Closed(socket(atoi(word[1]), atoi(word[2]), atoi(word[3])));
  if (!strcmp(verb, "tcp")) return Internet(word[1], atoi(word[2]), SOCK_STREAM);
  if (!strcmp(verb, "udp")) return Internet(word[1], atoi(word[2]), SOCK_DGRAM);
  if (!strcmp(verb, "run")) return Child(Execute, word[1]);
  if (!strcmp(verb, "run-copy")) return Child(ExecuteCopy, word[1]);
  if (!strcmp(verb, "write-and-run")) return WriteAndExecute(word[1]);
  if (!strcmp(verb, "mount")) return Child(Mount, word[1]);
  if (!strcmp(verb, "unshare")) return Child(Unshare, word[1]);
  if (!strcmp(verb, "join")) return Child(Join, word[1]);
  if (!strcmp(verb, "trace")) return Child(Trace, word[1]);
  if (!strcmp(verb, "signal")) return Fails(kill(atoi(word[1]), SIGCONT));
  if (!strcmp(verb, "identity")) return Child(Identity, "");
  if (!strcmp(verb, "chroot")) return Child(Root, word[1]);
  if (!strcmp(verb, "real-time")) return Child(RealTime, "");
  if (!strcmp(verb, "priority")) return Child(Priority, "");
  if (!strcmp(verb, "hostname")) return HostName("");
  if (!strcmp(verb, "personality")) return Child(Personality, "");
  if (!strcmp(verb, "set-id")) return SetId(word[1]);
  if (!strcmp(verb, "device")) return Device(word[1]);
  if (!strcmp(verb, "bpf")) return Bpf("");
  if (!strcmp(verb, "perf")) return Perf("");
  if (!strcmp(verb, "keys")) return Keys("");
  return ENOTSUP;
}

int main(int count, char **acts) {
  for (int index = 1; index < count; index++) {
    char *name = strdup(acts[index]);
    int problem = Words(acts[index]);
    printf("%s\t%s\n", name, problem ? strerrorname_np(problem) : "done");
  }
  return 0;
}
