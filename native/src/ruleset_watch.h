#pragma once

#include <napi.h>

#include <optional>
#include <set>
#include <string>

#include "netlink_feed.h"
#include "poll_handle.h"

namespace okeanid {

// new RulesetWatch({ receiveBufferBytes, onChanges(events) })
//
// Tells of every change of the namespace's nftables (NFNLGRP_NFTABLES). Events:
//   { type: 'generation', pid, process, tables, removed }   a transaction: the names of the tables
//   that it
//       touched, and of those that are gone after it, whatever their families
//   { type: 'overflow' }       events were lost
//   { type: 'failed', code }   the socket is of no use and closed itself
// One call for all that one wake-up read.
class RulesetWatch final : public Napi::ObjectWrap<RulesetWatch>, private PollHandle::Delegate {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit RulesetWatch(const Napi::CallbackInfo& info);

 private:
  void Close(const Napi::CallbackInfo& info);

  void OnReady(int status, int events) override;
  void OnTeardown() override;

  void Take(const nlmsghdr* message, Napi::Array events);
  void Release();

  Napi::FunctionReference on_changes_;
  std::optional<NetlinkFeed> feed_;
  // of the transaction that is being told
  std::set<std::string> tables_;
  std::set<std::string> removed_;
};

}  // namespace okeanid
