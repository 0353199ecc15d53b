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
  datagram_.resize(kDatagramBytes);
  socket_.emplace(info.Env(), NETLINK_ROUTE, RTMGRP_LINK);
  socket_->SetReceiveBuffer(buffer_bytes);
  poll_.emplace(info.Env(), socket_->fd(), static_cast<PollHandle::Delegate*>(this));
  poll_->Watch(UV_READABLE);
  Ref();
}

void LinkWatch::Dump(const Napi::CallbackInfo& info) {
  if (!poll_.has_value()) throw Napi::Error::New(info.Env(), "the link watch is closed");
  if (is_dumping_) throw ErrnoError(info.Env(), "dump", EBUSY);
  std::array<uint8_t, 64> message;
  const size_t length = WriteLinkDump(message.data(), ++sequence_);
  if (send(socket_->fd(), message.data(), length, MSG_DONTWAIT) < 0) {
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
  // poll(2) reports an overflow as an error; libuv then stops, the socket lives on
  if (status != 0) poll_->Watch(UV_READABLE);
  const Napi::Function on_links = on_links_.Value();
  const Napi::Array events = Napi::Array::New(env);
  for (int i = 0; i < kDatagramsPerWakeUp && ReadDatagram(events); i++) {
  }
  if (events.Length() == 0) return;
  ReportThrown(env, CallBack(env, self, on_links, events));
}

bool LinkWatch::ReadDatagram(Napi::Array events) {
  const ssize_t got =
      recv(socket_->fd(), datagram_.data(), datagram_.size(), MSG_DONTWAIT | MSG_TRUNC);
  if (got >= 0) {
    if (static_cast<size_t>(got) > datagram_.size()) {
      Push(events, "overflow");
    } else {
      ReadMessages(datagram_.data(), static_cast<int>(got), events);
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

void LinkWatch::ReadMessages(const uint8_t* data, int length, Napi::Array events) {
  const auto* message = reinterpret_cast<const nlmsghdr*>(data);
  for (; mnl_nlmsg_ok(message, length); message = mnl_nlmsg_next(message, &length)) {
    const bool is_answer =
        message->nlmsg_seq == sequence_ && message->nlmsg_pid == socket_->port_id();
    if (is_answer && !is_answered_) {
      is_answered_ = true;
      Push(events, "dumping");
    }
    if (is_answer && (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0) is_interrupted_ = true;
    LinkMessage link;
    if (message->nlmsg_type == RTM_NEWLINK || message->nlmsg_type == RTM_DELLINK) {
      if (ReadLink(message, &link)) Push(events, link);
    } else if (is_answer && is_dumping_ &&
               (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)) {
      is_dumping_ = false;
      const bool is_whole = message->nlmsg_type == NLMSG_DONE && !is_interrupted_;
      Push(events, "dumped").Set("isWhole", Napi::Boolean::New(Env(), is_whole));
    }
  }
}

Napi::Object LinkWatch::Push(Napi::Array events, const char* type) {
  Napi::Object event = Napi::Object::New(Env());
  event.Set("type", Napi::String::New(Env(), type));
  events.Set(events.Length(), event);
  return event;
}

void LinkWatch::Push(Napi::Array events, const LinkMessage& link) {
  const Napi::Env env = Env();
  const auto text = [&](const std::string& value) -> Napi::Value {
    return value.empty() ? env.Undefined() : Napi::String::New(env, value);
  };
  Napi::Object event = Push(events, link.is_gone ? "gone" : "link");
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
  if (!poll_.has_value()) return;
  poll_.reset();
  socket_.reset();
  on_links_.Reset();
  Unref();
}

void LinkWatch::OnTeardown() {
  poll_.reset();
  socket_.reset();
}

}  // namespace okeanid
