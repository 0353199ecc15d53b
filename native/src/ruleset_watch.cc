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
  datagram_.resize(kDatagramBytes);
  socket_.emplace(info.Env(), NETLINK_NETFILTER, 1u << (NFNLGRP_NFTABLES - 1));
  socket_->SetReceiveBuffer(buffer_bytes);
  poll_.emplace(info.Env(), socket_->fd(), static_cast<PollHandle::Delegate*>(this));
  poll_->Watch(UV_READABLE);
  Ref();
}

void RulesetWatch::Close(const Napi::CallbackInfo&) { Release(); }

void RulesetWatch::OnReady(int status, int) {
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  // held by the scope: close() in the callback must not let the collector take us away
  const Napi::Object self = Value();
  // poll(2) reports an overflow as an error; libuv then stops, the socket lives on
  if (status != 0) poll_->Watch(UV_READABLE);
  const Napi::Function on_changes = on_changes_.Value();
  const Napi::Array events = Napi::Array::New(env);
  for (int i = 0; i < kDatagramsPerWakeUp && ReadDatagram(events); i++) {
  }
  if (events.Length() == 0) return;
  ReportThrown(env, CallBack(env, self, on_changes, events));
}

bool RulesetWatch::ReadDatagram(Napi::Array events) {
  const ssize_t got =
      recv(socket_->fd(), datagram_.data(), datagram_.size(), MSG_DONTWAIT | MSG_TRUNC);
  if (got >= 0) {
    if (static_cast<size_t>(got) > datagram_.size()) {
      Push(events, "overflow");
    } else {
      ReadMessages(static_cast<int>(got), events);
    }
    return true;
  }
  if (errno == EINTR) return true;
  if (errno == ENOBUFS) {
    Push(events, "overflow");
    return true;
  }
  if (errno != EAGAIN) {
    Push(events, "failed").Set("code", Napi::String::New(Env(), uv_err_name(-errno)));
    Release();
  }
  return false;
}

void RulesetWatch::ReadMessages(int length, Napi::Array events) {
  const Napi::Env env = Env();
  const auto* message = reinterpret_cast<const nlmsghdr*>(datagram_.data());
  for (; mnl_nlmsg_ok(message, length); message = mnl_nlmsg_next(message, &length)) {
    const int type = NftType(message);
    if (type < 0) continue;
    GenerationMessage generation;
    if (ReadGeneration(message, &generation)) {
      Napi::Object event = Push(events, "generation");
      event.Set("pid", Napi::Number::New(env, generation.pid));
      event.Set("process", Napi::String::New(env, generation.process));
      event.Set("tables", Names(env, tables_));
      event.Set("removed", Names(env, removed_));
      tables_.clear();
      removed_.clear();
      continue;
    }
    const std::string table = ReadTable(message);
    if (table.empty()) continue;
    tables_.insert(table);
    if (type == NFT_MSG_DELTABLE) removed_.insert(table);
    if (type == NFT_MSG_NEWTABLE) removed_.erase(table);
  }
}

Napi::Object RulesetWatch::Push(Napi::Array events, const char* type) {
  Napi::Object event = Napi::Object::New(Env());
  event.Set("type", Napi::String::New(Env(), type));
  events.Set(events.Length(), event);
  return event;
}

// The callback knows the object, most likely: held any longer, it would keep it for ever.
void RulesetWatch::Release() {
  if (!poll_.has_value()) return;
  poll_.reset();
  socket_.reset();
  on_changes_.Reset();
  Unref();
}

void RulesetWatch::OnTeardown() {
  poll_.reset();
  socket_.reset();
}

}  // namespace okeanid
