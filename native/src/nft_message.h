#pragma once

#include <libmnl/libmnl.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace okeanid {

// What nftables says of one rule (linux/netfilter/nf_tables.h, NFT_MSG_NEWRULE).
struct RuleMessage {
  std::string chain;
  std::string comment;  // empty for none
  // Of all that the rule says, but for the state of its counters: equal rules have equal ones.
  uint64_t digest = 0;
  bool has_counter = false;
  uint64_t packets = 0;
  uint64_t bytes = 0;
};

// Of one chain (NFT_MSG_NEWCHAIN).
struct ChainMessage {
  std::string table;
  std::string name;
  std::string type;    // "filter"; empty for a chain that is no base chain
  std::string device;  // of a netdev chain
  uint32_t hook = 0;
  int32_t priority = 0;
  uint32_t policy = 0;
};

// One element of a verdict map (NFT_MSG_NEWSETELEM).
struct ElementMessage {
  std::string key;    // up to the first zero byte: names of interfaces
  std::string chain;  // that the verdict goes to
};

bool ReadRule(const nlmsghdr* message, RuleMessage* rule);
bool ReadChain(const nlmsghdr* message, ChainMessage* chain);
void ReadElements(const nlmsghdr* message, std::vector<ElementMessage>* elements);

// The table that a message of nftables is about; empty for none.
std::string ReadTable(const nlmsghdr* message);

// The kind within nftables (NFT_MSG_NEWRULE ..), -1 for messages of others.
int NftType(const nlmsghdr* message);

// Who committed which generation (NFT_MSG_NEWGEN).
struct GenerationMessage {
  uint32_t id = 0;
  uint32_t pid = 0;
  std::string process;
};
bool ReadGeneration(const nlmsghdr* message, GenerationMessage* generation);

// What a dump asks for; empty names are left out.
struct NftRequest {
  uint16_t type = 0;  // NFT_MSG_GETRULE ..
  uint8_t family = 0;
  std::string table;
  std::string name;  // chain of rules, set of elements
};

constexpr size_t kNftRequestBytes = 1024;

// Writes a request for a dump, or for the one generation that there is. Returns its length; buffer
// has kNftRequestBytes, names have at most 255 bytes each.
size_t WriteNftRequest(uint8_t* buffer, uint32_t sequence, const NftRequest& request);

}  // namespace okeanid
