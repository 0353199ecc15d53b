#include "packet_queue.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "arguments.h"
#include "call_back.h"
#include "errno_error.h"

namespace okeanid {

namespace {

constexpr uint32_t kBytesBytes = PacketQueue::kMaxBudget * PacketQueue::kSlotBytes;
constexpr uint32_t kMetaBytes = PacketQueue::kMaxBudget * PacketQueue::kMetaWords * 4;

constexpr const char* kDetached = "ERR_MEMORY_DETACHED";

constexpr uint16_t kPacketType = (NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_PACKET;

}  // namespace

Napi::Function PacketQueue::Define(Napi::Env env) {
  return DefineClass(env, "PacketQueue",
                     {InstanceMethod<&PacketQueue::Close>("close"),
                      InstanceMethod<&PacketQueue::ReadCounters>("counters")});
}

PacketQueue::PacketQueue(const Napi::CallbackInfo& info) : Napi::ObjectWrap<PacketQueue>(info) {
  const Napi::Env env = info.Env();
  const Napi::Object options = ReadOptions(info);
  QueueConfig config = {};
  config.queue_number = static_cast<uint16_t>(ReadUint(options, "queueNumber", 0, 65535));
  config.copy_range = ReadUint(options, "copyRangeBytes", 1, kSlotBytes - kL2Bytes);
  config.max_length = ReadUint(options, "maxLength", 1, 1u << 24);
  config.is_fail_open = ReadBool(options, "isFailOpen");
  const bool is_silent = ReadBool(options, "isSilentOverflow");
  const uint32_t buffer_bytes = ReadUint(options, "receiveBufferBytes", 0, 1u << 30);
  queue_number_ = config.queue_number;
  max_length_ = config.max_length;
  default_verdict_ = static_cast<uint8_t>(ReadUint(options, "defaultVerdict", NF_DROP, NF_ACCEPT));
  budget_ = ReadUint(options, "budget", 1, kMaxBudget);
  on_batch_ = Napi::Persistent(ReadFunction(options, "onBatch"));
  on_lost_ = Napi::Persistent(ReadFunction(options, "onLost"));

  verdicts_.emplace(queue_number_, 2 * kMaxBudget);
  datagrams_.resize(kMaxBudget * kDatagramBytes);
  for (uint32_t i = 0; i < kMaxBudget; i++) {
    parts_[i] = {datagrams_.data() + i * kDatagramBytes, kDatagramBytes};
    headers_[i].msg_hdr.msg_iov = &parts_[i];
    headers_[i].msg_hdr.msg_iovlen = 1;
  }
  const Napi::Object self = info.This().As<Napi::Object>();
  memory_.emplace(env, kBytesBytes + kMetaBytes + kMaxBudget);
  ExposeMemory(self);

  socket_.emplace(env, NETLINK_NETFILTER, 0);
  const uint32_t granted = socket_->SetReceiveBuffer(buffer_bytes);
  self.Set("receiveBufferBytes", Napi::Number::New(env, granted));
  self.Set("portId", Napi::Number::New(env, socket_->port_id()));
  Bind(env, config, is_silent);
  poll_.emplace(env, socket_->fd(), static_cast<PollHandle::Delegate*>(this));
  Watch(UV_READABLE, true);
  Ref();
}

void PacketQueue::ExposeMemory(Napi::Object self) {
  const Napi::Env env = self.Env();
  const Napi::ArrayBuffer buffer = memory_->buffer();
  self.Set("bytes", Napi::Uint8Array::New(env, kBytesBytes, buffer, 0));
  self.Set("meta", Napi::Uint32Array::New(env, kMetaBytes / 4, buffer, kBytesBytes));
  self.Set("verdicts", Napi::Uint8Array::New(env, kMaxBudget, buffer, kBytesBytes + kMetaBytes));
}

// The kernel has handled the message when send() returns: its answer waits in the socket, behind
// packets at most that came in between. Those get the default verdict.
void PacketQueue::Bind(Napi::Env env, const QueueConfig& config, bool is_silent) {
  const int on = 1;
  if (is_silent) {
    setsockopt(socket_->fd(), SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof(on));
  }
  std::array<uint8_t, 256> message;
  constexpr uint32_t kSequence = 1;
  const size_t length = WriteConfig(message.data(), kSequence, config);
  if (send(socket_->fd(), message.data(), length, 0) < 0) throw ErrnoError(env, "send", errno);
  for (;;) {
    const ssize_t got = recv(socket_->fd(), datagrams_.data(), kDatagramBytes, MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == ENOBUFS)) continue;
    if (got < 0) throw ErrnoError(env, "recv", errno);
    const auto* header = reinterpret_cast<const nlmsghdr*>(datagrams_.data());
    if (!mnl_nlmsg_ok(header, static_cast<int>(got))) continue;
    PacketMessage packet;
    if (header->nlmsg_type == kPacketType && ReadPacket(header, &packet)) {
      counters_.received++;
      verdicts_->Add(packet.id, default_verdict_);
    }
    if (header->nlmsg_type != NLMSG_ERROR || header->nlmsg_seq != kSequence) continue;
    const int error = -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(header))->error;
    if (error != 0) throw ErrnoError(env, "bind queue", error);
    break;
  }
  SendVerdicts();
}

void PacketQueue::Close(const Napi::CallbackInfo&) {
  if (is_in_callback_) {
    is_closing_ = true;
  } else {
    Drain();
    Release();
  }
}

Napi::Value PacketQueue::ReadCounters(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object object = Napi::Object::New(env);
  const auto set = [&](const char* name, double value) {
    object.Set(name, Napi::Number::New(env, value));
  };
  set("received", counters_.received);
  set("batches", counters_.batches);
  set("verdicts", counters_.verdicts);
  set("verdictErrors", counters_.verdict_errors);
  set("staleVerdicts", counters_.stale_verdicts);
  set("overflows", counters_.overflows);
  set("retried", counters_.retried);
  set("malformed", counters_.malformed);
  set("throws", counters_.throws);
  return object;
}

void PacketQueue::OnReady(int status, int) {
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  // held by the scope: close() in a callback must not let the collector take us away
  const Napi::Object self = Value();
  // poll(2) reports an overflow as an error; libuv then stops, the socket lives on
  if (status != 0) Watch(UV_READABLE, true);
  // until the kernel has taken the verdicts it does not get the next ones
  if (verdicts_->empty()) {
    const int datagrams = Receive();
    uint8_t* const memory = datagrams > 0 ? memory_->data() : nullptr;
    if (datagrams > 0 && memory == nullptr) lost_code_ = kDetached;
    if (datagrams > 0) ReadDatagrams(static_cast<uint32_t>(datagrams), memory);
    if (memory != nullptr && count_ > 0) return Deliver(env, self, memory);
  }
  SendVerdicts();
  if (lost_code_ != nullptr) Lose(env, self);
}

// One system call's worth of datagrams: their number, or 0.
int PacketQueue::Receive() {
  const int got = recvmmsg(socket_->fd(), headers_.data(), budget_, MSG_DONTWAIT, nullptr);
  if (got >= 0) return got;
  if (errno == ENOBUFS) {
    counters_.overflows++;
  } else if (errno != EAGAIN && errno != EINTR) {
    lost_code_ = uv_err_name(-errno);
  }
  return 0;
}

void PacketQueue::ReadDatagrams(uint32_t datagrams, uint8_t* memory) {
  count_ = 0;
  for (uint32_t i = 0; i < datagrams; i++) {
    const auto* header = static_cast<const nlmsghdr*>(parts_[i].iov_base);
    int left = static_cast<int>(std::min(headers_[i].msg_len, kDatagramBytes));
    for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) {
      PacketMessage packet;
      if (header->nlmsg_type == NLMSG_ERROR) {
        NoteError(header);
      } else if (header->nlmsg_type == kPacketType && ReadPacket(header, &packet)) {
        TakePacket(packet, memory);
      } else {
        counters_.malformed++;
      }
    }
    if (left > 0) counters_.malformed++;
  }
}

// Without memory (it was taken away), or when the kernel put more than one packet into a datagram
// and the memory is full, a packet gets the default verdict unseen.
void PacketQueue::TakePacket(const PacketMessage& packet, uint8_t* memory) {
  counters_.received++;
  if (memory == nullptr || count_ == kMaxBudget) {
    verdicts_->Add(packet.id, default_verdict_);
    return;
  }
  uint8_t* const slot = memory + count_ * kSlotBytes;
  const uint32_t length = std::min(packet.payload_length, kSlotBytes - kL2Bytes);
  const uint32_t l2_length = std::min(packet.l2_length, kL2Bytes);
  if (length > 0) std::memcpy(slot, packet.payload, length);
  if (l2_length > 0) std::memcpy(slot + kSlotBytes - kL2Bytes, packet.l2_header, l2_length);
  const uint32_t words[kMetaWords] = {packet.id,
                                      packet.family,
                                      packet.hook,
                                      packet.hw_protocol,
                                      packet.mark,
                                      packet.indev,
                                      packet.outdev,
                                      packet.physindev,
                                      packet.physoutdev,
                                      length,
                                      packet.full_length,
                                      packet.mac_high,
                                      packet.mac_low,
                                      packet.mac_length,
                                      packet.vlan,
                                      packet.skb_info,
                                      packet.timestamp_seconds,
                                      packet.timestamp_micros,
                                      l2_length,
                                      0};
  std::memcpy(memory + kBytesBytes + count_ * sizeof(words), words, sizeof(words));
  ids_[count_] = packet.id;
  count_++;
}

// The kernel's word on a verdict that it did not like. ENOENT: the packet waits no more, because
// its device or its queue went away; that is nobody's loss.
void PacketQueue::NoteError(const nlmsghdr* message) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(nlmsgerr)) {
    counters_.malformed++;
    return;
  }
  const int error = -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message))->error;
  if (error == 0) return;
  if (error == ENOENT) {
    counters_.stale_verdicts++;
    return;
  }
  counters_.verdict_errors++;
  // not our queue, no queue at all
  if (error == EPERM || error == ENODEV) lost_code_ = uv_err_name(-error);
}

void PacketQueue::Deliver(Napi::Env env, Napi::Object self, uint8_t* memory) {
  constexpr uint32_t kVerdicts = kBytesBytes + kMetaBytes;
  std::memset(memory + kVerdicts, default_verdict_, kMaxBudget);
  counters_.batches++;
  is_in_callback_ = true;
  const CallOutcome outcome =
      CallBack(env, self, on_batch_.Value(), Napi::Number::New(env, count_));
  is_in_callback_ = false;
  if (!outcome.has_returned) counters_.throws++;

  memory = memory_->data();
  for (uint32_t i = 0; i < count_; i++) {
    const uint8_t said = memory == nullptr ? default_verdict_ : memory[kVerdicts + i];
    const bool is_verdict = said == NF_DROP || said == NF_ACCEPT;
    verdicts_->Add(ids_[i], is_verdict ? said : default_verdict_);
  }
  SendVerdicts();
  if (memory == nullptr) lost_code_ = kDetached;
  if (is_closing_) {
    Drain();
    Release();
  } else if (lost_code_ != nullptr) {
    Lose(env, self);
  }
  // last, for it may end the process
  ReportThrown(env, outcome);
}

// What the kernel cannot take now (it lacks memory) is tried again when the loop comes round.
void PacketQueue::SendVerdicts() {
  if (verdicts_->empty()) return;
  const int error = verdicts_->Send(socket_->fd());
  counters_.verdicts += static_cast<double>(verdicts_->sent());
  if (error != 0) counters_.retried++;
  if (poll_.has_value()) Watch(error == 0 ? UV_READABLE : UV_WRITABLE, false);
}

// libuv makes system calls even when nothing changes.
void PacketQueue::Watch(int events, bool is_stopped) {
  if (events == watched_ && !is_stopped) return;
  watched_ = events;
  poll_->Watch(events);
}

// What waits in the socket would be dropped with it: it gets the default verdict.
void PacketQueue::Drain() {
  if (!poll_.has_value()) return;
  for (uint32_t drained = 0; drained < max_length_; drained += kMaxBudget) {
    SendVerdicts();
    if (!verdicts_->empty()) return;
    const int got = recvmmsg(socket_->fd(), headers_.data(), kMaxBudget, MSG_DONTWAIT, nullptr);
    if (got <= 0) return;
    ReadDatagrams(static_cast<uint32_t>(got), nullptr);
  }
  SendVerdicts();
}

// Gives back everything that the outside sees; the object itself goes when JavaScript forgets it.
// The callbacks know the object, most likely: held any longer, they would keep it for ever.
void PacketQueue::Release() {
  if (!poll_.has_value()) return;
  poll_.reset();
  socket_.reset();
  memory_.reset();
  std::vector<uint8_t>().swap(datagrams_);
  on_batch_.Reset();
  on_lost_.Reset();
  Unref();
}

void PacketQueue::OnTeardown() {
  if (is_in_callback_) {
    is_closing_ = true;
    return;
  }
  Drain();
  poll_.reset();
  socket_.reset();
}

void PacketQueue::Lose(Napi::Env env, Napi::Object self) {
  const Napi::Function on_lost = on_lost_.Value();
  Drain();
  Release();
  ReportThrown(env, CallBack(env, self, on_lost, Napi::String::New(env, lost_code_)));
}

}  // namespace okeanid
