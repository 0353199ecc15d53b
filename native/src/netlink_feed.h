#pragma once

#include <napi.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "netlink_socket.h"
#include "poll_handle.h"

namespace okeanid {

// What a feed listens to.
struct NetlinkGroups {
  int protocol;
  // Bit mask.
  unsigned int groups;
  uint32_t receive_buffer_bytes;
};

// The socket of a watch, read whenever its loop says so, with what becomes of it as events for
// JavaScript:
//   { type: 'overflow' }       messages were lost
//   { type: 'failed', code }   the socket is of no use; the feed is to be destroyed
class NetlinkFeed {
 public:
  using Take = std::function<void(const nlmsghdr*)>;

  NetlinkFeed(Napi::Env env, const NetlinkGroups& groups, PollHandle::Delegate* delegate);

  int fd() const { return socket_.fd(); }
  uint32_t port_id() const { return socket_.port_id(); }

  // What the delegate's OnReady does: hands over the messages of at most so many datagrams. False
  // when it has failed.
  bool Read(Napi::Env env, int status, int most_datagrams, Napi::Array events, const Take& take);

 private:
  NetlinkSocket socket_;
  PollHandle poll_;
  std::vector<uint8_t> datagram_;
};

// Appends { type } to a list and returns it.
Napi::Object PushEvent(Napi::Env env, Napi::Array events, const char* type);

}  // namespace okeanid
