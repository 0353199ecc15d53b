#pragma once

#include <napi.h>
#include <uv.h>

namespace okeanid {

// Watches one descriptor on the loop of the env that opened it (a worker's own, not the default
// one), until it is destroyed. The descriptor may be closed right after that.
class PollHandle {
 public:
  class Delegate {
   public:
    // status: 0, or libuv's error. UV_EBADF only says that poll(2) reported an error, and the
    // handle stands still until Watch() is called anew: a netlink socket does so for ENOBUFS.
    virtual void OnReady(int status, int events) = 0;
    // The env ends. No JavaScript may be called; the PollHandle is to be destroyed.
    virtual void OnTeardown() = 0;

   protected:
    ~Delegate() = default;
  };

  // Throws an Error when the loop refuses the descriptor.
  PollHandle(Napi::Env env, int fd, Delegate* delegate);
  PollHandle(const PollHandle&) = delete;
  PollHandle& operator=(const PollHandle&) = delete;
  ~PollHandle();

  // Starts or restarts to report events: UV_READABLE, UV_WRITABLE or both.
  void Watch(int events);

 private:
  struct State;
  // Lives on after the destructor, until libuv lets go of its handle.
  State* state_;
};

}  // namespace okeanid
