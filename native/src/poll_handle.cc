#include "poll_handle.h"

#include <memory>

#include "errno_error.h"

namespace okeanid {

struct PollHandle::State {
  uv_poll_t poll;
  Delegate* delegate;  // nullptr once the PollHandle is gone
  napi_async_cleanup_hook_handle hook;
};

PollHandle::PollHandle(Napi::Env env, int fd, Delegate* delegate) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) throw Napi::Error::New(env, "no event loop");
  auto state = std::make_unique<State>();
  state->delegate = delegate;
  const int status = uv_poll_init(loop, &state->poll, fd);
  if (status != 0) throw ErrnoError(env, "uv_poll_init", -status);
  // from here on libuv knows the handle: only the close callback may free it
  state_ = state.release();
  state_->poll.data = state_;
  // the env waits for an asynchronous hook: it must not end before libuv has closed the handle
  const auto on_teardown = [](napi_async_cleanup_hook_handle, void* data) {
    Delegate* const waiting = static_cast<State*>(data)->delegate;
    if (waiting != nullptr) waiting->OnTeardown();
  };
  if (napi_add_async_cleanup_hook(env, on_teardown, state_, &state_->hook) != napi_ok) {
    uv_close(reinterpret_cast<uv_handle_t*>(&state_->poll), [](uv_handle_t* handle) {
      const std::unique_ptr<State> last(static_cast<State*>(handle->data));
    });
    throw Napi::Error::New(env, "the env is ending");
  }
}

PollHandle::~PollHandle() {
  state_->delegate = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&state_->poll), [](uv_handle_t* handle) {
    const std::unique_ptr<State> last(static_cast<State*>(handle->data));
    napi_remove_async_cleanup_hook(last->hook);
  });
}

void PollHandle::Watch(int events) {
  uv_poll_start(&state_->poll, events, [](uv_poll_t* poll, int status, int ready) {
    Delegate* const delegate = static_cast<State*>(poll->data)->delegate;
    if (delegate == nullptr) return;
    try {
      delegate->OnReady(status, ready);
    } catch (const Napi::Error&) {
      // No value can be made for JavaScript any more: its worker is being terminated. What the
      // kernel must be told is told without JavaScript, in OnTeardown.
    }
  });
}

}  // namespace okeanid
