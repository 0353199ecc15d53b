#include "netlink_socket.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "errno_error.h"

namespace okeanid {

namespace {

constexpr int kPatienceMs = 2000;

}  // namespace

int NetlinkError(const nlmsghdr* message) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(nlmsgerr)) return EBADMSG;
  return -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message))->error;
}

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

void NetlinkSocket::SetSendBuffer(uint32_t bytes) {
  const int wanted = static_cast<int>(bytes);
  if (setsockopt(fd(), SOL_SOCKET, SO_SNDBUFFORCE, &wanted, sizeof(wanted)) != 0) {
    setsockopt(fd(), SOL_SOCKET, SO_SNDBUF, &wanted, sizeof(wanted));
  }
}

void NetlinkSocket::Enable(int option) {
  int on = 1;
  mnl_socket_setsockopt(socket_.get(), option, &on, sizeof(on));
}

size_t NetlinkSocket::Receive(Napi::Env env, std::vector<uint8_t>* datagram) const {
  for (;;) {
    const ssize_t got = recv(fd(), datagram->data(), datagram->size(), MSG_DONTWAIT);
    if (got >= 0) return static_cast<size_t>(got);
    if (errno == EAGAIN) {
      pollfd ready = {fd(), POLLIN, 0};
      if (poll(&ready, 1, kPatienceMs) == 0) throw ErrnoError(env, "recv", ETIMEDOUT);
    } else if (errno != EINTR) {
      throw ErrnoError(env, "recv", errno);
    }
  }
}

}  // namespace okeanid
