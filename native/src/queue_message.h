#pragma once

#include <libmnl/libmnl.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace okeanid {

// What one NFQNL_MSG_PACKET says (linux/netfilter/nfnetlink_queue.h), in host byte order. What the
// kernel did not say is 0.
struct PacketMessage {
  uint32_t id = 0;
  uint32_t family = 0;  // AF_BRIDGE, AF_INET or AF_INET6: which hook the packet was taken at
  uint32_t hook = 0;
  uint32_t hw_protocol = 0;
  uint32_t mark = 0;
  uint32_t indev = 0;
  uint32_t outdev = 0;
  uint32_t physindev = 0;
  uint32_t physoutdev = 0;
  uint32_t full_length = 0;  // before it was cut at the copy range
  uint32_t mac_high = 0;     // first two bytes of the Ethernet source
  uint32_t mac_low = 0;      // last four bytes
  uint32_t mac_length = 0;
  uint32_t vlan = 0;  // 0x10000 | TCI when there is a tag
  uint32_t skb_info = 0;
  uint32_t timestamp_seconds = 0;
  uint32_t timestamp_micros = 0;
  const uint8_t* payload = nullptr;
  uint32_t payload_length = 0;
  const uint8_t* l2_header = nullptr;
  uint32_t l2_length = 0;
};

// Reads a message of the kernel; false when it has no packet header, thus no id to answer to.
// The pointers lead into the message.
bool ReadPacket(const nlmsghdr* message, PacketMessage* packet);

struct QueueConfig {
  uint16_t queue_number;
  uint32_t copy_range;
  uint32_t max_length;
  bool is_fail_open;
};

// Binds a queue and sets it up in one message, so that no packet meets a queue that is bound but
// not yet set up. Asks for an acknowledgement with this sequence number (not 0).
// Returns the message's length; buffer has at least 128 bytes.
size_t WriteConfig(uint8_t* buffer, uint32_t sequence, const QueueConfig& config);

// Length of a message of WriteVerdict or WriteVerdictUpTo.
inline constexpr size_t kVerdictBytes = 32;

// NFQNL_MSG_VERDICT: the answer for one packet.
void WriteVerdict(uint8_t* buffer, uint16_t queue_number, uint32_t id, uint32_t verdict);

// NFQNL_MSG_VERDICT_BATCH: the answer for all packets that wait and whose id is not after this one.
void WriteVerdictUpTo(uint8_t* buffer, uint16_t queue_number, uint32_t id, uint32_t verdict);

}  // namespace okeanid
