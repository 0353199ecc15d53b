#include "link_message.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <cstdio>

#include "attributes.h"

namespace okeanid {

namespace {

uint32_t Read32(const nlattr* attr) {
  return mnl_attr_get_payload_len(attr) < sizeof(uint32_t) ? 0 : mnl_attr_get_u32(attr);
}

// Text ends at a zero byte or with the attribute.
std::string ReadText(const nlattr* attr) {
  const std::string whole(mnl_attr_get_str(attr), mnl_attr_get_payload_len(attr));
  return whole.substr(0, whole.find('\0'));
}

std::string ReadMac(const nlattr* attr) {
  if (mnl_attr_get_payload_len(attr) != 6) return "";
  const auto* const bytes = static_cast<const uint8_t*>(mnl_attr_get_payload(attr));
  char text[18];
  std::snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2],
                bytes[3], bytes[4], bytes[5]);
  return text;
}

std::string ReadKind(const nlattr* nest) {
  for (const nlattr* attr : Attributes(nest)) {
    if (mnl_attr_get_type(attr) == IFLA_INFO_KIND) return ReadText(attr);
  }
  return "";
}

}  // namespace

bool ReadLink(const nlmsghdr* message, LinkMessage* link) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(ifinfomsg)) return false;
  const auto* const header = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
  if (header->ifi_family != AF_UNSPEC || header->ifi_index <= 0) return false;
  link->ifindex = static_cast<uint32_t>(header->ifi_index);
  link->is_up = (header->ifi_flags & IFF_UP) != 0;
  link->is_gone = message->nlmsg_type == RTM_DELLINK;
  for (const nlattr* attr : Attributes(message, sizeof(ifinfomsg))) {
    switch (mnl_attr_get_type(attr)) {
      case IFLA_IFNAME:
        link->name = ReadText(attr);
        break;
      case IFLA_ADDRESS:
        link->mac = ReadMac(attr);
        break;
      case IFLA_MTU:
        link->mtu = Read32(attr);
        break;
      case IFLA_MASTER:
        link->master = Read32(attr);
        break;
      case IFLA_LINKINFO:
        link->kind = ReadKind(attr);
        break;
      default:
        break;
    }
  }
  return !link->name.empty();
}

size_t WriteLinkDump(uint8_t* buffer, uint32_t sequence) {
  nlmsghdr* const header = mnl_nlmsg_put_header(buffer);
  header->nlmsg_type = RTM_GETLINK;
  header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  header->nlmsg_seq = sequence;
  auto* const family =
      static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(header, sizeof(ifinfomsg)));
  family->ifi_family = AF_UNSPEC;
  return header->nlmsg_len;
}

}  // namespace okeanid
