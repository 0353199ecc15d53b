#include "call_back.h"

namespace okeanid {

CallOutcome CallBack(Napi::Env env, napi_value self, napi_value function, napi_value argument) {
  const napi_status status =
      napi_make_callback(env, nullptr, self, function, 1, &argument, nullptr);
  if (status == napi_ok) return {true, nullptr};
  bool is_pending = false;
  napi_value thrown = nullptr;
  if (napi_is_exception_pending(env, &is_pending) == napi_ok && is_pending) {
    napi_get_and_clear_last_exception(env, &thrown);
  }
  return {false, thrown};
}

void ReportThrown(Napi::Env env, const CallOutcome& outcome) {
  if (outcome.thrown != nullptr) napi_fatal_exception(env, outcome.thrown);
}

}  // namespace okeanid
