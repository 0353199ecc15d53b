#pragma once

#include <libmnl/libmnl.h>
#include <napi.h>

#include <cstdint>
#include <memory>

namespace okeanid {

struct MnlSocketClose {
  void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
};

// One bound netlink socket, non-blocking, closed on exec. Throws what the kernel refuses as an
// Error with code, errno and syscall.
class NetlinkSocket {
 public:
  // protocol: NETLINK_NETFILTER, NETLINK_ROUTE; groups: bit mask of multicast groups.
  NetlinkSocket(Napi::Env env, int protocol, unsigned int groups);

  int fd() const { return mnl_socket_get_fd(socket_.get()); }
  uint32_t port_id() const { return mnl_socket_get_portid(socket_.get()); }

  // Asks for a receive buffer beyond net.core.rmem_max, which takes CAP_NET_ADMIN, else for as
  // much as that allows. Returns what the kernel now calls the size: twice what it granted.
  uint32_t SetReceiveBuffer(uint32_t bytes);

 private:
  std::unique_ptr<mnl_socket, MnlSocketClose> socket_;
};

}  // namespace okeanid
