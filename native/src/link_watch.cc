#include "link_watch.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "arguments.h"
#include "call_back.h"
#include "errno_error.h"

namespace okeanid {

namespace {

constexpr int kDatagramsPerWakeUp = 16;

}  // namespace

Napi::Function LinkWatch::Define(Napi::Env env) {
  return DefineClass(
      env, "LinkWatch",
      {InstanceMethod<&LinkWatch::Dump>("dump"), InstanceMethod<&LinkWatch::Close>("close")});
}

LinkWatch::LinkWatch(const Napi::CallbackInfo& info) : Napi::ObjectWrap<LinkWatch>(info) {
  const Napi::Object options = ReadOptions(info);
  const uint32_t buffer_bytes = ReadUint(options, "receiveBufferBytes", 0, 1u << 30);
  on_links_ = Napi::Persistent(ReadFunction(options, "onLinks"));
  feed_.emplace(info.Env(), NetlinkGroups{NETLINK_ROUTE, RTMGRP_LINK, buffer_bytes},
                static_cast<PollHandle::Delegate*>(this));
  Ref();
}

void LinkWatch::Dump(const Napi::CallbackInfo& info) {
  if (!feed_.has_value()) throw Napi::Error::New(info.Env(), "the link watch is closed");
  if (is_dumping_) throw ErrnoError(info.Env(), "dump", EBUSY);
  std::array<uint8_t, 64> message;
  const size_t length = WriteLinkDump(message.data(), ++sequence_);
  if (send(feed_->fd(), message.data(), length, MSG_DONTWAIT) < 0) {
    throw ErrnoError(info.Env(), "send", errno);
  }
  is_dumping_ = true;
  is_answered_ = false;
  is_interrupted_ = false;
}

void LinkWatch::Close(const Napi::CallbackInfo&) { Release(); }

void LinkWatch::OnReady(int status, int) {
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  // held by the scope: close() in the callback must not let the collector take us away
  const Napi::Object self = Value();
  const Napi::Function on_links = on_links_.Value();
  const Napi::Array events = Napi::Array::New(env);
  const auto take = [&](const nlmsghdr* message) { Take(message, events); };
  if (!feed_->Read(env, status, kDatagramsPerWakeUp, events, take)) Release();
  if (events.Length() == 0) return;
  ReportThrown(env, CallBack(env, self, on_links, events));
}

void LinkWatch::Take(const nlmsghdr* message, Napi::Array events) {
  const bool is_answer = message->nlmsg_seq == sequence_ && message->nlmsg_pid == feed_->port_id();
  if (is_answer && !is_answered_) {
    is_answered_ = true;
    PushEvent(Env(), events, "dumping");
  }
  if (is_answer && (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0) is_interrupted_ = true;
  LinkMessage link;
  if (message->nlmsg_type == RTM_NEWLINK || message->nlmsg_type == RTM_DELLINK) {
    if (ReadLink(message, &link)) Push(events, link);
  } else if (is_answer && is_dumping_ &&
             (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)) {
    is_dumping_ = false;
    const bool is_whole = message->nlmsg_type == NLMSG_DONE && !is_interrupted_;
    PushEvent(Env(), events, "dumped").Set("isWhole", Napi::Boolean::New(Env(), is_whole));
  }
}

void LinkWatch::Push(Napi::Array events, const LinkMessage& link) {
  const Napi::Env env = Env();
  const auto text = [&](const std::string& value) -> Napi::Value {
    return value.empty() ? env.Undefined() : Napi::String::New(env, value);
  };
  Napi::Object event = PushEvent(env, events, link.is_gone ? "gone" : "link");
  event.Set("ifindex", Napi::Number::New(env, link.ifindex));
  event.Set("name", Napi::String::New(env, link.name));
  if (link.is_gone) return;
  event.Set("mac", text(link.mac));
  event.Set("mtu", Napi::Number::New(env, link.mtu));
  event.Set("isUp", Napi::Boolean::New(env, link.is_up));
  event.Set("masterIndex",
            link.master == 0 ? env.Undefined() : Napi::Value(Napi::Number::New(env, link.master)));
  event.Set("kind", text(link.kind));
}

// The callback knows the object, most likely: held any longer, it would keep it for ever.
void LinkWatch::Release() {
  if (!feed_.has_value()) return;
  feed_.reset();
  on_links_.Reset();
  Unref();
}

void LinkWatch::OnTeardown() { feed_.reset(); }

}  // namespace okeanid
