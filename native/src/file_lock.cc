#include "file_lock.h"

#include <sys/file.h>

#include <cerrno>
#include <climits>

#include "arguments.h"
#include "errno_error.h"

namespace okeanid {

Napi::Value TryLock(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const uint32_t fd = ReadUint(info[0], "fd", 0, INT_MAX);
  while (flock(static_cast<int>(fd), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Napi::Boolean::New(env, false);
    if (errno != EINTR) throw ErrnoError(env, "flock", errno);
  }
  return Napi::Boolean::New(env, true);
}

}  // namespace okeanid
