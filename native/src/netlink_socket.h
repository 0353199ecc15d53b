#pragma once

#include <libmnl/libmnl.h>
#include <napi.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace okeanid {

// The kernel fills a dump's datagrams up to 32 KiB (net/netlink/af_netlink.c).
constexpr size_t kDatagramBytes = 64 << 10;

// What an NLMSG_ERROR says: 0 for an acknowledgement, or what the kernel refused with.
int NetlinkError(const nlmsghdr* message);

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

  // Makes room for one large message to the kernel, beyond net.core.wmem_max with CAP_NET_ADMIN.
  void SetSendBuffer(uint32_t bytes);

  // Sets an option of linux/netlink.h; a kernel that does not know it goes on without.
  void Enable(int option);

  // Reads one datagram of an answer and returns its length. The kernel answers within the call that
  // asks, so nothing is waited for long: throws ETIMEDOUT.
  size_t Receive(Napi::Env env, std::vector<uint8_t>* datagram) const;

 private:
  std::unique_ptr<mnl_socket, MnlSocketClose> socket_;
};

}  // namespace okeanid
