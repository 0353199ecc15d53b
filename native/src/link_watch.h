#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>

#include "link_message.h"
#include "netlink_feed.h"
#include "poll_handle.h"

namespace okeanid {

// new LinkWatch({ receiveBufferBytes, onLinks(events) })
//
// Tells the interfaces of the network namespace and what becomes of them (RTNLGRP_LINK). Events:
//   { type: 'link', ifindex, name, mac, mtu, isUp, masterIndex, kind }   there, or changed
//   { type: 'gone', ifindex, name }
//   { type: 'dumping' }               answers to dump() follow; what was told before may be older
//   { type: 'dumped', isWhole }       all answers to dump() were told; not whole: ask anew
//   { type: 'overflow' }              events were lost: what is known may be wrong until a dump
//   { type: 'failed', code }          the socket is of no use and closed itself
// One call for all that one wake-up read.
class LinkWatch final : public Napi::ObjectWrap<LinkWatch>, private PollHandle::Delegate {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit LinkWatch(const Napi::CallbackInfo& info);

 private:
  // dump(): asks for all interfaces. Throws while an earlier answer is not complete (EBUSY).
  void Dump(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  void OnReady(int status, int events) override;
  void OnTeardown() override;

  void Take(const nlmsghdr* message, Napi::Array events);
  void Push(Napi::Array events, const LinkMessage& link);
  void Release();

  Napi::FunctionReference on_links_;
  std::optional<NetlinkFeed> feed_;
  uint32_t sequence_ = 0;
  bool is_dumping_ = false;
  bool is_answered_ = false;
  bool is_interrupted_ = false;
};

}  // namespace okeanid
