#include "netlink_feed.h"

#include <sys/socket.h>

#include <cerrno>

namespace okeanid {

NetlinkFeed::NetlinkFeed(Napi::Env env, const NetlinkGroups& groups, PollHandle::Delegate* delegate)
    : socket_(env, groups.protocol, groups.groups),
      poll_(env, socket_.fd(), delegate),
      datagram_(kDatagramBytes) {
  socket_.SetReceiveBuffer(groups.receive_buffer_bytes);
  poll_.Watch(UV_READABLE);
}

bool NetlinkFeed::Read(Napi::Env env, int status, int most_datagrams, Napi::Array events,
                       const Take& take) {
  // poll(2) reports an overflow as an error; libuv then stops, the socket lives on
  if (status != 0) poll_.Watch(UV_READABLE);
  for (int i = 0; i < most_datagrams; i++) {
    const ssize_t got = recv(fd(), datagram_.data(), datagram_.size(), MSG_DONTWAIT | MSG_TRUNC);
    if (got >= 0) {
      if (static_cast<size_t>(got) > datagram_.size()) {
        PushEvent(env, events, "overflow");
        continue;
      }
      int left = static_cast<int>(got);
      const auto* message = reinterpret_cast<const nlmsghdr*>(datagram_.data());
      for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) take(message);
    } else if (errno == EAGAIN) {
      return true;
    } else if (errno == ENOBUFS) {
      PushEvent(env, events, "overflow");
    } else if (errno != EINTR) {
      PushEvent(env, events, "failed").Set("code", Napi::String::New(env, uv_err_name(-errno)));
      return false;
    }
  }
  return true;
}

Napi::Object PushEvent(Napi::Env env, Napi::Array events, const char* type) {
  Napi::Object event = Napi::Object::New(env);
  event.Set("type", Napi::String::New(env, type));
  events.Set(events.Length(), event);
  return event;
}

}  // namespace okeanid
