#include "nft_message.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <cstring>

#include "attributes.h"

namespace okeanid {

namespace {

constexpr uint64_t kHashStart = 0xcbf29ce484222325u;  // FNV-1a, 64 bits
constexpr uint64_t kHashPrime = 0x100000001b3u;

// linux/netfilter/nf_tables.h has the attributes; the format of user data is libnftnl's (udata.h).
constexpr uint8_t kCommentType = 0;

void Hash(uint64_t* hash, const void* data, size_t length) {
  const auto* const bytes = static_cast<const uint8_t*>(data);
  for (size_t i = 0; i < length; i++) *hash = (*hash ^ bytes[i]) * kHashPrime;
}

std::string ReadText(const nlattr* attr) {
  const std::string whole(mnl_attr_get_str(attr), mnl_attr_get_payload_len(attr));
  return whole.substr(0, whole.find('\0'));
}

uint32_t Read32(const nlattr* attr) {
  return mnl_attr_get_payload_len(attr) < sizeof(uint32_t) ? 0 : ntohl(mnl_attr_get_u32(attr));
}

uint64_t Read64(const nlattr* attr) {
  return mnl_attr_get_payload_len(attr) < sizeof(uint64_t) ? 0 : be64toh(mnl_attr_get_u64(attr));
}

bool HasHeader(const nlmsghdr* message) {
  return mnl_nlmsg_get_payload_len(message) >= sizeof(nfgenmsg);
}

bool HasState(const std::string& expression) {
  return expression == "counter" || expression == "quota" || expression == "last";
}

void ReadExpression(const nlattr* nest, RuleMessage* rule) {
  std::string name;
  const nlattr* data = nullptr;
  for (const nlattr* attr : Attributes(nest)) {
    if (mnl_attr_get_type(attr) == NFTA_EXPR_NAME) name = ReadText(attr);
    if (mnl_attr_get_type(attr) == NFTA_EXPR_DATA) data = attr;
  }
  Hash(&rule->digest, name.c_str(), name.size() + 1);
  if (data == nullptr) return;
  if (!HasState(name)) {
    Hash(&rule->digest, mnl_attr_get_payload(data), mnl_attr_get_payload_len(data));
  }
  if (name != "counter") return;
  rule->has_counter = true;
  for (const nlattr* attr : Attributes(data)) {
    if (mnl_attr_get_type(attr) == NFTA_COUNTER_BYTES) rule->bytes = Read64(attr);
    if (mnl_attr_get_type(attr) == NFTA_COUNTER_PACKETS) rule->packets = Read64(attr);
  }
}

//     | type | length | bytes … | type | length | bytes … |
std::string ReadComment(const nlattr* attr) {
  const auto* const data = static_cast<const uint8_t*>(mnl_attr_get_payload(attr));
  const size_t length = mnl_attr_get_payload_len(attr);
  for (size_t at = 0; at + 2 <= length; at += 2 + data[at + 1]) {
    if (data[at] != kCommentType || at + 2 + data[at + 1] > length) continue;
    const std::string whole(reinterpret_cast<const char*>(data + at + 2), data[at + 1]);
    return whole.substr(0, whole.find('\0'));
  }
  return "";
}

void ReadHook(const nlattr* nest, ChainMessage* chain) {
  for (const nlattr* attr : Attributes(nest)) {
    switch (mnl_attr_get_type(attr)) {
      case NFTA_HOOK_HOOKNUM:
        chain->hook = Read32(attr);
        break;
      case NFTA_HOOK_PRIORITY:
        chain->priority = static_cast<int32_t>(Read32(attr));
        break;
      case NFTA_HOOK_DEV:
        chain->device = ReadText(attr);
        break;
      default:
        break;
    }
  }
}

void ReadVerdict(const nlattr* nest, ElementMessage* element) {
  for (const nlattr* verdict : Attributes(nest)) {
    if (mnl_attr_get_type(verdict) != NFTA_DATA_VERDICT) continue;
    for (const nlattr* attr : Attributes(verdict)) {
      if (mnl_attr_get_type(attr) == NFTA_VERDICT_CHAIN) element->chain = ReadText(attr);
    }
  }
}

void ReadElement(const nlattr* nest, ElementMessage* element) {
  for (const nlattr* attr : Attributes(nest)) {
    if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_KEY) {
      for (const nlattr* value : Attributes(attr)) {
        if (mnl_attr_get_type(value) == NFTA_DATA_VALUE) element->key = ReadText(value);
      }
    } else if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_DATA) {
      ReadVerdict(attr, element);
    }
  }
}

void PutName(nlmsghdr* header, uint16_t attribute, const std::string& name) {
  if (!name.empty()) mnl_attr_put_strz(header, attribute, name.c_str());
}

}  // namespace

int NftType(const nlmsghdr* message) {
  if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_NFTABLES) return -1;
  return NFNL_MSG_TYPE(message->nlmsg_type);
}

bool ReadRule(const nlmsghdr* message, RuleMessage* rule) {
  if (NftType(message) != NFT_MSG_NEWRULE || !HasHeader(message)) return false;
  rule->digest = kHashStart;
  for (const nlattr* attr : Attributes(message, sizeof(nfgenmsg))) {
    switch (mnl_attr_get_type(attr)) {
      case NFTA_RULE_CHAIN:
        rule->chain = ReadText(attr);
        break;
      case NFTA_RULE_EXPRESSIONS:
        for (const nlattr* expression : Attributes(attr)) ReadExpression(expression, rule);
        break;
      case NFTA_RULE_USERDATA:
        rule->comment = ReadComment(attr);
        Hash(&rule->digest, rule->comment.c_str(), rule->comment.size() + 1);
        break;
      default:
        break;
    }
  }
  return true;
}

bool ReadChain(const nlmsghdr* message, ChainMessage* chain) {
  if (NftType(message) != NFT_MSG_NEWCHAIN || !HasHeader(message)) return false;
  for (const nlattr* attr : Attributes(message, sizeof(nfgenmsg))) {
    switch (mnl_attr_get_type(attr)) {
      case NFTA_CHAIN_TABLE:
        chain->table = ReadText(attr);
        break;
      case NFTA_CHAIN_NAME:
        chain->name = ReadText(attr);
        break;
      case NFTA_CHAIN_TYPE:
        chain->type = ReadText(attr);
        break;
      case NFTA_CHAIN_POLICY:
        chain->policy = Read32(attr);
        break;
      case NFTA_CHAIN_HOOK:
        ReadHook(attr, chain);
        break;
      default:
        break;
    }
  }
  return true;
}

void ReadElements(const nlmsghdr* message, std::vector<ElementMessage>* elements) {
  if (NftType(message) != NFT_MSG_NEWSETELEM || !HasHeader(message)) return;
  for (const nlattr* attr : Attributes(message, sizeof(nfgenmsg))) {
    if (mnl_attr_get_type(attr) != NFTA_SET_ELEM_LIST_ELEMENTS) continue;
    for (const nlattr* nest : Attributes(attr)) {
      ElementMessage element;
      ReadElement(nest, &element);
      elements->push_back(element);
    }
  }
}

std::string ReadTable(const nlmsghdr* message) {
  if (!HasHeader(message)) return "";
  for (const nlattr* attr : Attributes(message, sizeof(nfgenmsg))) {
    // NFTA_TABLE_NAME, NFTA_CHAIN_TABLE, NFTA_RULE_TABLE, NFTA_SET_TABLE .. are all the first
    if (mnl_attr_get_type(attr) == NFTA_TABLE_NAME) return ReadText(attr);
  }
  return "";
}

bool ReadGeneration(const nlmsghdr* message, GenerationMessage* generation) {
  if (NftType(message) != NFT_MSG_NEWGEN || !HasHeader(message)) return false;
  for (const nlattr* attr : Attributes(message, sizeof(nfgenmsg))) {
    switch (mnl_attr_get_type(attr)) {
      case NFTA_GEN_ID:
        generation->id = Read32(attr);
        break;
      case NFTA_GEN_PROC_PID:
        generation->pid = Read32(attr);
        break;
      case NFTA_GEN_PROC_NAME:
        generation->process = ReadText(attr);
        break;
      default:
        break;
    }
  }
  return true;
}

size_t WriteNftRequest(uint8_t* buffer, uint32_t sequence, const NftRequest& request) {
  nlmsghdr* const header = mnl_nlmsg_put_header(buffer);
  const bool is_one_chain = request.type == NFT_MSG_GETCHAIN && !request.name.empty();
  const bool is_dump = request.type != NFT_MSG_GETGEN && !is_one_chain;
  header->nlmsg_type = static_cast<uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | request.type);
  header->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | (is_dump ? NLM_F_DUMP : 0));
  header->nlmsg_seq = sequence;
  auto* const family = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(nfgenmsg)));
  family->nfgen_family = request.family;
  family->version = NFNETLINK_V0;
  family->res_id = 0;
  // also NFTA_SET_ELEM_LIST_TABLE and NFTA_SET_ELEM_LIST_SET have these numbers
  static_assert(int{NFTA_RULE_TABLE} == int{NFTA_SET_ELEM_LIST_TABLE});
  static_assert(int{NFTA_RULE_CHAIN} == int{NFTA_SET_ELEM_LIST_SET});
  PutName(header, NFTA_RULE_TABLE, request.table);
  PutName(header, is_one_chain ? uint16_t{NFTA_CHAIN_NAME} : uint16_t{NFTA_RULE_CHAIN},
          request.name);
  return header->nlmsg_len;
}

}  // namespace okeanid
