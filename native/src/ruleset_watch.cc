#include "ruleset_watch.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>

#include "arguments.h"
#include "call_back.h"
#include "errno_error.h"
#include "nft_message.h"

namespace okeanid {

namespace {

constexpr int kDatagramsPerWakeUp = 256;

Napi::Array Names(Napi::Env env, const std::set<std::string>& names) {
  const Napi::Array list = Napi::Array::New(env);
  for (const std::string& name : names) list.Set(list.Length(), Napi::String::New(env, name));
  return list;
}

}  // namespace

Napi::Function RulesetWatch::Define(Napi::Env env) {
  return DefineClass(env, "RulesetWatch", {InstanceMethod<&RulesetWatch::Close>("close")});
}

RulesetWatch::RulesetWatch(const Napi::CallbackInfo& info) : Napi::ObjectWrap<RulesetWatch>(info) {
  const Napi::Object options = ReadOptions(info);
  const uint32_t buffer_bytes = ReadUint(options, "receiveBufferBytes", 0, 1u << 30);
  on_changes_ = Napi::Persistent(ReadFunction(options, "onChanges"));
  feed_.emplace(info.Env(),
                NetlinkGroups{NETLINK_NETFILTER, 1u << (NFNLGRP_NFTABLES - 1), buffer_bytes},
                static_cast<PollHandle::Delegate*>(this));
  Ref();
}

void RulesetWatch::Close(const Napi::CallbackInfo&) { Release(); }

void RulesetWatch::OnReady(int status, int) {
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  // held by the scope: close() in the callback must not let the collector take us away
  const Napi::Object self = Value();
  const Napi::Function on_changes = on_changes_.Value();
  const Napi::Array events = Napi::Array::New(env);
  const auto take = [&](const nlmsghdr* message) { Take(message, events); };
  if (!feed_->Read(env, status, kDatagramsPerWakeUp, events, take)) Release();
  if (events.Length() == 0) return;
  ReportThrown(env, CallBack(env, self, on_changes, events));
}

void RulesetWatch::Take(const nlmsghdr* message, Napi::Array events) {
  const Napi::Env env = Env();
  const int type = NftType(message);
  if (type < 0) return;
  GenerationMessage generation;
  if (ReadGeneration(message, &generation)) {
    Napi::Object event = PushEvent(env, events, "generation");
    event.Set("pid", Napi::Number::New(env, generation.pid));
    event.Set("process", Napi::String::New(env, generation.process));
    event.Set("tables", Names(env, tables_));
    event.Set("removed", Names(env, removed_));
    tables_.clear();
    removed_.clear();
    return;
  }
  const std::string table = ReadTable(message);
  if (table.empty()) return;
  tables_.insert(table);
  if (type == NFT_MSG_DELTABLE) removed_.insert(table);
  if (type == NFT_MSG_NEWTABLE) removed_.erase(table);
}

// The callback knows the object, most likely: held any longer, it would keep it for ever.
void RulesetWatch::Release() {
  if (!feed_.has_value()) return;
  feed_.reset();
  on_changes_.Reset();
  Unref();
}

void RulesetWatch::OnTeardown() { feed_.reset(); }

}  // namespace okeanid
