#pragma once

#include <libmnl/libmnl.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace okeanid {

// What an RTM_NEWLINK or RTM_DELLINK says of a network interface (linux/rtnetlink.h, ifinfomsg).
struct LinkMessage {
  uint32_t ifindex = 0;
  uint32_t mtu = 0;
  uint32_t master = 0;  // ifindex of the bridge or bond, or 0
  bool is_up = false;   // IFF_UP
  bool is_gone = false;
  std::string name;
  std::string mac;   // "aa:00:00:12:34:56", empty when the interface has no Ethernet address
  std::string kind;  // "veth", "tun", "bridge" …, empty for hardware
};

// False for what is not about an interface as such: a bridge reports that a port joined or left it
// as a link message of family AF_BRIDGE, and leaving is an RTM_DELLINK there.
bool ReadLink(const nlmsghdr* message, LinkMessage* link);

// A request for all interfaces. Returns its length; buffer has at least 64 bytes.
size_t WriteLinkDump(uint8_t* buffer, uint32_t sequence);

}  // namespace okeanid
