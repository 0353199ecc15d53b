#include "ruleset.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>
#include <vector>

#include "arguments.h"
#include "errno_error.h"
#include "netlink_socket.h"
#include "nft_message.h"

namespace okeanid {

namespace {

constexpr uint32_t kSequence = 1;

enum class Kind { kGeneration, kRules, kChains, kElements };

std::string ReadName(Napi::Object options, const char* name) {
  const std::string text = ReadText(options, name);
  if (text.size() > 255) {
    throw Napi::RangeError::New(options.Env(), std::string(name) + " is no name");
  }
  return text;
}

Kind ReadKind(Napi::Object options) {
  const std::string kind = ReadName(options, "kind");
  if (kind == "generation") return Kind::kGeneration;
  if (kind == "rules") return Kind::kRules;
  if (kind == "chains") return Kind::kChains;
  if (kind == "elements") return Kind::kElements;
  throw Napi::RangeError::New(options.Env(), "kind is none that is known");
}

uint16_t TypeOf(Kind kind) {
  switch (kind) {
    case Kind::kRules:
      return NFT_MSG_GETRULE;
    case Kind::kChains:
      return NFT_MSG_GETCHAIN;
    case Kind::kElements:
      return NFT_MSG_GETSETELEM;
    default:
      return NFT_MSG_GETGEN;
  }
}

// What the counting rules with one comment have counted.
struct Count {
  std::string comment;
  uint64_t packets = 0;
  uint64_t bytes = 0;
};

// The rules of one chain: 500 taps have 35,000, of which JavaScript wants no object each.
struct ChainRules {
  std::string chain;
  std::string digests;  // sixteen digits a rule
  uint32_t rule_count = 0;
  std::vector<Count> counts;  // in the order of the rules
};

void AddRule(const RuleMessage& rule, std::vector<ChainRules>* chains) {
  // a dump tells chains one after the other
  if (chains->empty() || chains->back().chain != rule.chain) {
    chains->emplace_back();
    chains->back().chain = rule.chain;
  }
  ChainRules& chain = chains->back();
  char digest[17];
  std::snprintf(digest, sizeof(digest), "%016llx", static_cast<unsigned long long>(rule.digest));
  chain.digests += digest;
  chain.rule_count++;
  if (rule.comment.empty() || !rule.has_counter) return;
  auto known = std::find_if(chain.counts.begin(), chain.counts.end(),
                            [&](const Count& count) { return count.comment == rule.comment; });
  if (known == chain.counts.end()) {
    chain.counts.push_back({rule.comment, 0, 0});
    known = chain.counts.end() - 1;
  }
  known->packets += rule.packets;
  known->bytes += rule.bytes;
}

Napi::Object RulesObject(Napi::Env env, const ChainRules& rules) {
  const Napi::Array counts = Napi::Array::New(env, rules.counts.size());
  for (uint32_t at = 0; at < rules.counts.size(); at++) {
    const Count& count = rules.counts[at];
    const Napi::Object object = Napi::Object::New(env);
    object.Set("comment", Napi::String::New(env, count.comment));
    object.Set("packets", Napi::Number::New(env, static_cast<double>(count.packets)));
    object.Set("bytes", Napi::Number::New(env, static_cast<double>(count.bytes)));
    counts.Set(at, object);
  }
  const Napi::Object object = Napi::Object::New(env);
  object.Set("chain", Napi::String::New(env, rules.chain));
  object.Set("digests", Napi::String::New(env, rules.digests));
  object.Set("ruleCount", Napi::Number::New(env, rules.rule_count));
  object.Set("counts", counts);
  return object;
}

Napi::Object ChainObject(Napi::Env env, const ChainMessage& chain) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("table", Napi::String::New(env, chain.table));
  object.Set("name", Napi::String::New(env, chain.name));
  object.Set("type", Napi::String::New(env, chain.type));
  object.Set("device", Napi::String::New(env, chain.device));
  object.Set("hook", Napi::Number::New(env, chain.hook));
  object.Set("priority", Napi::Number::New(env, chain.priority));
  object.Set("policy", Napi::Number::New(env, chain.policy));
  return object;
}

// What of the answer one message adds; rules are gathered first.
void Add(Napi::Env env, Kind kind, const nlmsghdr* message, Napi::Array found) {
  if (kind == Kind::kChains) {
    ChainMessage chain;
    if (ReadChain(message, &chain)) found.Set(found.Length(), ChainObject(env, chain));
  } else if (kind == Kind::kElements) {
    std::vector<ElementMessage> elements;
    ReadElements(message, &elements);
    for (const ElementMessage& element : elements) {
      Napi::Object object = Napi::Object::New(env);
      object.Set("key", Napi::String::New(env, element.key));
      object.Set("chain", Napi::String::New(env, element.chain));
      found.Set(found.Length(), object);
    }
  } else {
    GenerationMessage generation;
    if (ReadGeneration(message, &generation)) {
      found.Set(found.Length(), Napi::Number::New(env, generation.id));
    }
  }
}

}  // namespace

Napi::Value ReadRuleset(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object options = ReadOptions(info);
  const Kind kind = ReadKind(options);
  NftRequest request;
  request.type = TypeOf(kind);
  request.family = static_cast<uint8_t>(ReadUint(options, "family", 0, 255));
  request.table = ReadName(options, "table");
  request.name = ReadName(options, "name");
  const NetlinkSocket socket(env, NETLINK_NETFILTER, 0);
  uint8_t buffer[kNftRequestBytes];
  const size_t length = WriteNftRequest(buffer, kSequence, request);
  if (send(socket.fd(), buffer, length, MSG_DONTWAIT) < 0) throw ErrnoError(env, "send", errno);
  const Napi::Array found = Napi::Array::New(env);
  std::vector<ChainRules> chains;
  const auto whole = [&]() -> Napi::Value {
    for (const ChainRules& rules : chains) {
      const Napi::HandleScope scope(env);
      found.Set(found.Length(), RulesObject(env, rules));
    }
    return found;
  };
  std::vector<uint8_t> datagram(kDatagramBytes);
  for (;;) {
    int left = static_cast<int>(socket.Receive(env, &datagram));
    const auto* message = reinterpret_cast<const nlmsghdr*>(datagram.data());
    for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
      if (message->nlmsg_seq != kSequence) continue;
      if ((message->nlmsg_flags & NLM_F_DUMP_INTR) != 0) throw ErrnoError(env, "recv", EINTR);
      if (message->nlmsg_type == NLMSG_DONE) return whole();
      if (message->nlmsg_type == NLMSG_ERROR) {
        const int error = NetlinkError(message);
        if (error == 0 || error == ENOENT) return found;
        throw ErrnoError(env, "recv", error);
      }
      if (kind == Kind::kRules) {
        RuleMessage rule;
        if (ReadRule(message, &rule)) AddRule(rule, &chains);
        continue;
      }
      const Napi::HandleScope scope(env);
      Add(env, kind, message, found);
      if (kind == Kind::kGeneration && found.Length() > 0) return found.Get(0u);
      if ((message->nlmsg_flags & NLM_F_MULTI) == 0) return found;
    }
  }
}

}  // namespace okeanid
