#include "queue_message.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <sys/socket.h>

#include <cstring>

#include "attributes.h"

namespace okeanid {

namespace {

uint16_t Read16(const void* data) {
  uint16_t value;
  std::memcpy(&value, data, sizeof(value));
  return ntohs(value);
}

uint32_t Read32(const void* data) {
  uint32_t value;
  std::memcpy(&value, data, sizeof(value));
  return ntohl(value);
}

void ReadVlan(const nlattr* nest, PacketMessage* packet) {
  for (const nlattr* attr : Attributes(nest)) {
    if (mnl_attr_get_type(attr) != NFQA_VLAN_TCI || mnl_attr_get_payload_len(attr) < 2) continue;
    packet->vlan = 0x10000u | Read16(mnl_attr_get_payload(attr));
  }
}

// The parts of a message that everything to the kernel begins with (linux/netfilter/nfnetlink.h).
nlmsghdr* PutHeader(uint8_t* buffer, uint16_t type, uint16_t queue_number) {
  nlmsghdr* const header = mnl_nlmsg_put_header(buffer);
  header->nlmsg_type = static_cast<uint16_t>((NFNL_SUBSYS_QUEUE << 8) | type);
  header->nlmsg_flags = NLM_F_REQUEST;
  auto* const family = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(nfgenmsg)));
  family->nfgen_family = AF_UNSPEC;
  family->version = NFNETLINK_V0;
  family->res_id = htons(queue_number);
  return header;
}

void PutVerdict(uint8_t* buffer, uint16_t type, uint16_t queue_number, uint32_t id,
                uint32_t verdict) {
  nlmsghdr* const header = PutHeader(buffer, type, queue_number);
  nfqnl_msg_verdict_hdr value;
  value.verdict = htonl(verdict);
  value.id = htonl(id);
  mnl_attr_put(header, NFQA_VERDICT_HDR, sizeof(value), &value);
}

static_assert(kVerdictBytes ==
              NLMSG_HDRLEN + sizeof(nfgenmsg) + NLA_HDRLEN + sizeof(nfqnl_msg_verdict_hdr));

}  // namespace

bool ReadPacket(const nlmsghdr* message, PacketMessage* packet) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(nfgenmsg)) return false;
  packet->family = static_cast<const nfgenmsg*>(mnl_nlmsg_get_payload(message))->nfgen_family;
  bool has_header = false;
  for (const nlattr* attr : Attributes(message, sizeof(nfgenmsg))) {
    const uint16_t length = mnl_attr_get_payload_len(attr);
    const auto* data = static_cast<const uint8_t*>(mnl_attr_get_payload(attr));
    switch (mnl_attr_get_type(attr)) {
      case NFQA_PACKET_HDR:  // struct nfqnl_msg_packet_hdr: id, hw_protocol, hook; packed
        if (length < 7) break;
        packet->id = Read32(data);
        packet->hw_protocol = Read16(data + 4);
        packet->hook = data[6];
        has_header = true;
        break;
      case NFQA_MARK:
        if (length >= 4) packet->mark = Read32(data);
        break;
      case NFQA_TIMESTAMP:  // struct nfqnl_msg_packet_timestamp: two 64-bit numbers
        if (length < 16) break;
        packet->timestamp_seconds = Read32(data + 4);
        packet->timestamp_micros = Read32(data + 12);
        break;
      case NFQA_IFINDEX_INDEV:
        if (length >= 4) packet->indev = Read32(data);
        break;
      case NFQA_IFINDEX_OUTDEV:
        if (length >= 4) packet->outdev = Read32(data);
        break;
      case NFQA_IFINDEX_PHYSINDEV:
        if (length >= 4) packet->physindev = Read32(data);
        break;
      case NFQA_IFINDEX_PHYSOUTDEV:
        if (length >= 4) packet->physoutdev = Read32(data);
        break;
      case NFQA_HWADDR:  // struct nfqnl_msg_packet_hw: length, padding, up to 8 bytes
        if (length < 10) break;
        packet->mac_length = Read16(data);
        packet->mac_high = Read16(data + 4);
        packet->mac_low = Read32(data + 6);
        break;
      case NFQA_PAYLOAD:
        packet->payload = data;
        packet->payload_length = length;
        break;
      case NFQA_CAP_LEN:
        if (length >= 4) packet->full_length = Read32(data);
        break;
      case NFQA_SKB_INFO:
        if (length >= 4) packet->skb_info = Read32(data);
        break;
      case NFQA_VLAN:
        ReadVlan(attr, packet);
        break;
      case NFQA_L2HDR:
        packet->l2_header = data;
        packet->l2_length = length;
        break;
      default:
        break;
    }
  }
  if (packet->full_length == 0) packet->full_length = packet->payload_length;
  return has_header;
}

size_t WriteConfig(uint8_t* buffer, uint32_t sequence, const QueueConfig& config) {
  nlmsghdr* const header = PutHeader(buffer, NFQNL_MSG_CONFIG, config.queue_number);
  header->nlmsg_flags |= NLM_F_ACK;
  header->nlmsg_seq = sequence;
  nfqnl_msg_config_cmd command = {};
  command.command = NFQNL_CFG_CMD_BIND;
  mnl_attr_put(header, NFQA_CFG_CMD, sizeof(command), &command);
  nfqnl_msg_config_params params = {};
  params.copy_range = htonl(config.copy_range);
  params.copy_mode = NFQNL_COPY_PACKET;
  mnl_attr_put(header, NFQA_CFG_PARAMS, sizeof(params), &params);
  mnl_attr_put_u32(header, NFQA_CFG_QUEUE_MAXLEN, htonl(config.max_length));
  mnl_attr_put_u32(header, NFQA_CFG_MASK, htonl(NFQA_CFG_F_FAIL_OPEN));
  mnl_attr_put_u32(header, NFQA_CFG_FLAGS, htonl(config.is_fail_open ? NFQA_CFG_F_FAIL_OPEN : 0));
  return header->nlmsg_len;
}

void WriteVerdict(uint8_t* buffer, uint16_t queue_number, uint32_t id, uint32_t verdict) {
  PutVerdict(buffer, NFQNL_MSG_VERDICT, queue_number, id, verdict);
}

void WriteVerdictUpTo(uint8_t* buffer, uint16_t queue_number, uint32_t id, uint32_t verdict) {
  PutVerdict(buffer, NFQNL_MSG_VERDICT_BATCH, queue_number, id, verdict);
}

}  // namespace okeanid
