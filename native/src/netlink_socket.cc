#include "netlink_socket.h"

#include <sys/socket.h>

#include <cerrno>

#include "errno_error.h"

namespace okeanid {

NetlinkSocket::NetlinkSocket(Napi::Env env, int protocol, unsigned int groups)
    : socket_(mnl_socket_open2(protocol, SOCK_NONBLOCK | SOCK_CLOEXEC)) {
  if (socket_ == nullptr) throw ErrnoError(env, "socket", errno);
  if (mnl_socket_bind(socket_.get(), groups, MNL_SOCKET_AUTOPID) != 0) {
    throw ErrnoError(env, "bind", errno);
  }
}

uint32_t NetlinkSocket::SetReceiveBuffer(uint32_t bytes) {
  const int wanted = static_cast<int>(bytes);
  if (setsockopt(fd(), SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof(wanted)) != 0) {
    setsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &wanted, sizeof(wanted));
  }
  int granted = 0;
  socklen_t length = sizeof(granted);
  getsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &granted, &length);
  return static_cast<uint32_t>(granted);
}

}  // namespace okeanid
