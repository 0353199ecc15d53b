#pragma once

#include <napi.h>

namespace okeanid {

// How a callback ended: `thrown` is nullptr also when JavaScript cannot run any more (a worker that
// is being terminated).
struct CallOutcome {
  bool has_returned;
  napi_value thrown;
};

// Calls into JavaScript from the loop, and what was queued with nextTick and as microtasks after
// it. Never throws, so that the caller can first finish what it must.
CallOutcome CallBack(Napi::Env env, napi_value self, napi_value function, napi_value argument);

// Makes an uncaughtException of what was thrown, as Node does for its own callbacks. Without a
// listener the process ends here.
void ReportThrown(Napi::Env env, const CallOutcome& outcome);

}  // namespace okeanid
