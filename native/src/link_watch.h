#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "link_message.h"
#include "netlink_socket.h"
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

  // False when the socket has no more for now.
  bool ReadDatagram(Napi::Array events);
  void ReadMessages(const uint8_t* data, int length, Napi::Array events);
  void Push(Napi::Array events, const LinkMessage& link);
  Napi::Object Push(Napi::Array events, const char* type);
  void Release();

  Napi::FunctionReference on_links_;
  std::optional<NetlinkSocket> socket_;
  std::optional<PollHandle> poll_;
  std::vector<uint8_t> datagram_;
  uint32_t sequence_ = 0;
  bool is_dumping_ = false;
  bool is_answered_ = false;
  bool is_interrupted_ = false;
};

}  // namespace okeanid
