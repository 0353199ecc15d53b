#pragma once

#include <napi.h>

namespace okeanid {

// tryLock(fd): takes the exclusive flock(2) of an open file without waiting; false when another has
// it. It belongs to the open file and goes when that is closed. Throws an Error with code, errno
// and syscall.
Napi::Value TryLock(const Napi::CallbackInfo& info);

}  // namespace okeanid
