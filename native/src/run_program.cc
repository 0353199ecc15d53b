#include "run_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <vector>

#include "arguments.h"
#include "errno_error.h"
#include "unique_fd.h"

namespace okeanid {

namespace {

using Clock = std::chrono::steady_clock;

// How long the output of an ended program is waited for.
constexpr int kHeldOutputMs = 500;
constexpr int kKilledMs = 1000;

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Pipe OpenPipe(Napi::Env env) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw ErrnoError(env, "pipe2", errno);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

UniqueFd OpenInput(Napi::Env env, const std::string& text) {
  UniqueFd file(memfd_create("okeanid", MFD_CLOEXEC));
  if (file.get() < 0) throw ErrnoError(env, "memfd_create", errno);
  for (size_t done = 0; done < text.size();) {
    const ssize_t wrote = write(file.get(), text.data() + done, text.size() - done);
    if (wrote < 0 && errno != EINTR) throw ErrnoError(env, "write", errno);
    if (wrote > 0) done += static_cast<size_t>(wrote);
  }
  if (lseek(file.get(), 0, SEEK_SET) != 0) throw ErrnoError(env, "lseek", errno);
  return file;
}

// The null-terminated array that execve wants, of texts that outlive it.
std::vector<char*> Pointers(std::vector<std::string>* texts) {
  std::vector<char*> pointers;
  for (std::string& text : *texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

struct SpawnActions {
  posix_spawn_file_actions_t value;
  SpawnActions() { posix_spawn_file_actions_init(&value); }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&value); }
};

struct SpawnAttributes {
  posix_spawnattr_t value;
  // Node ignores SIGPIPE and blocks what it likes; a program starts with nothing of that.
  SpawnAttributes() {
    posix_spawnattr_init(&value);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&value, &none);
    posix_spawnattr_setsigdefault(&value, &all);
    posix_spawnattr_setflags(&value, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnAttributes() { posix_spawnattr_destroy(&value); }
};

// A child that is killed and forgotten unless it was waited for.
class Child {
 public:
  explicit Child(pid_t pid)
      : pid_(pid), pidfd_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  // Not even SIGKILL ends who is stuck in the kernel, so nobody waits long for that.
  ~Child() {
    if (is_over_) return;
    kill(pid_, SIGKILL);
    pollfd ended = {pidfd_.get(), POLLIN, 0};
    poll(&ended, 1, kKilledMs);
    waitpid(pid_, nullptr, WNOHANG);
  }

  int pidfd() const { return pidfd_.get(); }

  int Wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    is_over_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_;
  UniqueFd pidfd_;
  bool is_over_ = false;
};

// False when there is no more to come.
bool Drain(int fd, size_t max_bytes, std::string* text) {
  char buffer[16 << 10];
  const ssize_t got = read(fd, buffer, sizeof(buffer));
  if (got <= 0) return got < 0 && (errno == EINTR || errno == EAGAIN);
  const size_t room = max_bytes > text->size() ? max_bytes - text->size() : 0;
  text->append(buffer, std::min(room, static_cast<size_t>(got)));
  return true;
}

int LeftMs(Clock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return left < 0 ? 0 : static_cast<int>(left);
}

}  // namespace

Napi::Value RunProgram(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object options = ReadOptions(info);
  std::vector<std::string> arguments = ReadTexts(options, "args");
  std::vector<std::string> variables = ReadTexts(options, "env");
  const std::string program = ReadText(options, "program");
  const uint32_t timeout_ms = ReadUint(options, "timeoutMs", 1, 1u << 30);
  const uint32_t max_bytes = ReadUint(options, "maxOutputBytes", 0, 1u << 30);
  const UniqueFd input = OpenInput(env, ReadText(options, "input"));
  Pipe out = OpenPipe(env);
  Pipe err = OpenPipe(env);
  arguments.insert(arguments.begin(), program);

  SpawnActions actions;
  posix_spawn_file_actions_adddup2(&actions.value, input.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions.value, out.write_end.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions.value, err.write_end.get(), STDERR_FILENO);
  const SpawnAttributes attributes;
  pid_t pid = 0;
  const int failed = posix_spawn(&pid, program.c_str(), &actions.value, &attributes.value,
                                 Pointers(&arguments).data(), Pointers(&variables).data());
  if (failed != 0) throw ErrnoError(env, "posix_spawn", failed);
  Child child(pid);
  out.write_end = UniqueFd(-1);
  err.write_end = UniqueFd(-1);

  std::string texts[2];
  pollfd ready[3] = {
      {out.read_end.get(), POLLIN, 0}, {err.read_end.get(), POLLIN, 0}, {child.pidfd(), POLLIN, 0}};
  Clock::time_point deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  bool has_ended = false;
  while (ready[0].fd >= 0 || ready[1].fd >= 0 || !has_ended) {
    const int count = poll(ready, 3, LeftMs(deadline));
    if (count < 0 && errno != EINTR) throw ErrnoError(env, "poll", errno);
    if (count == 0 && has_ended) break;
    if (count == 0) throw ErrnoError(env, "waitpid", ETIMEDOUT);
    if (count < 0) continue;
    for (int i = 0; i < 2; i++) {
      if (ready[i].revents != 0 && !Drain(ready[i].fd, max_bytes, &texts[i])) ready[i].fd = -1;
    }
    if (ready[2].revents == 0) continue;
    has_ended = true;
    ready[2].fd = -1;
    deadline = Clock::now() + std::chrono::milliseconds(kHeldOutputMs);
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("code", Napi::Number::New(env, child.Wait()));
  result.Set("stdout", Napi::String::New(env, texts[0]));
  result.Set("stderr", Napi::String::New(env, texts[1]));
  return result;
}

}  // namespace okeanid
