#include "errno_error.h"

#include <uv.h>

#include <string>

namespace okeanid {

Napi::Error ErrnoError(Napi::Env env, const char* syscall, int error_number) {
  const char* code = uv_err_name(-error_number);
  const std::string message =
      std::string(code) + ": " + uv_strerror(-error_number) + ", " + syscall;
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  error.Set("errno", Napi::Number::New(env, -error_number));
  error.Set("syscall", Napi::String::New(env, syscall));
  return error;
}

}  // namespace okeanid
