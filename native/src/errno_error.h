#pragma once

#include <napi.h>

namespace okeanid {

// An Error as Node's own system errors look: message, code ("ENOENT"), errno (negative), syscall.
Napi::Error ErrnoError(Napi::Env env, const char* syscall, int error_number);

}  // namespace okeanid
