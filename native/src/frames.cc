#include "frames.h"

#include <net/ethernet.h>

#include <cerrno>
#include <cstring>

#include "arguments.h"
#include "errno_error.h"

namespace okeanid {

namespace {

constexpr uint32_t kBytesBytes = Frames::kSlots * Frames::kSlotBytes;
constexpr uint32_t kColumnBytes = Frames::kSlots * 4;
constexpr uint32_t kIfindexes = kBytesBytes;
constexpr uint32_t kLengths = kIfindexes + kColumnBytes;
constexpr uint32_t kErrors = kLengths + kColumnBytes;

// Frames that may wait for slow interfaces before the kernel says ENOBUFS.
constexpr int kSendBufferBytes = 4 << 20;

}  // namespace

Napi::Function Frames::Define(Napi::Env env) {
  return DefineClass(
      env, "Frames",
      {InstanceMethod<&Frames::Send>("send"), InstanceMethod<&Frames::Close>("close")});
}

Frames::Frames(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Frames>(info) {
  const Napi::Env env = info.Env();
  memory_.emplace(env, kErrors + kColumnBytes);
  const Napi::ArrayBuffer buffer = memory_->buffer();
  Napi::Object self = info.This().As<Napi::Object>();
  self.Set("bytes", Napi::Uint8Array::New(env, kBytesBytes, buffer, 0));
  self.Set("ifindexes", Napi::Uint32Array::New(env, kSlots, buffer, kIfindexes));
  self.Set("lengths", Napi::Uint32Array::New(env, kSlots, buffer, kLengths));
  self.Set("errors", Napi::Int32Array::New(env, kSlots, buffer, kErrors));

  socket_.emplace(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket_->get() < 0) throw ErrnoError(env, "socket", errno);
  setsockopt(socket_->get(), SOL_SOCKET, SO_SNDBUFFORCE, &kSendBufferBytes,
             sizeof(kSendBufferBytes));
  for (uint32_t i = 0; i < kSlots; i++) {
    addresses_[i].sll_family = AF_PACKET;
    headers_[i].msg_hdr.msg_name = &addresses_[i];
    headers_[i].msg_hdr.msg_namelen = sizeof(addresses_[i]);
    headers_[i].msg_hdr.msg_iov = &parts_[i];
    headers_[i].msg_hdr.msg_iovlen = 1;
  }
}

Napi::Value Frames::Send(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const uint32_t count = ReadUint(info[0], "count", 0, kSlots);
  if (!socket_.has_value()) throw Napi::Error::New(env, "the frames are closed");
  uint8_t* const memory = memory_->data();
  if (memory == nullptr) throw Napi::Error::New(env, "the memory of the frames was detached");
  const uint32_t prepared = Prepare(count, memory);
  auto* const errors = reinterpret_cast<int32_t*>(memory + kErrors);
  const uint32_t failed = SendPrepared(prepared, errors);
  return Napi::Number::New(env, count - prepared + failed);
}

// Lines up what has a possible length; the others fail here.
uint32_t Frames::Prepare(uint32_t count, uint8_t* memory) {
  const auto* const ifindexes = reinterpret_cast<const uint32_t*>(memory + kIfindexes);
  const auto* const lengths = reinterpret_cast<const uint32_t*>(memory + kLengths);
  auto* const errors = reinterpret_cast<int32_t*>(memory + kErrors);
  uint32_t prepared = 0;
  for (uint32_t i = 0; i < count; i++) {
    const uint32_t length = lengths[i];
    if (length < ETH_HLEN || length > kSlotBytes) {
      errors[i] = length < ETH_HLEN ? EINVAL : EMSGSIZE;
      continue;
    }
    errors[i] = 0;
    uint8_t* const frame = memory + i * kSlotBytes;
    parts_[prepared] = {frame, length};
    addresses_[prepared].sll_ifindex = static_cast<int>(ifindexes[i]);
    std::memcpy(&addresses_[prepared].sll_protocol, frame + 2 * ETH_ALEN, 2);
    slots_[prepared] = i;
    prepared++;
  }
  return prepared;
}

// sendmmsg(2) stops at the first frame that fails and does not say why unless it is the first of
// the call: so the call after it begins with that one.
uint32_t Frames::SendPrepared(uint32_t prepared, int32_t* errors) {
  uint32_t failed = 0;
  for (uint32_t next = 0; next < prepared;) {
    const int sent = sendmmsg(socket_->get(), headers_.data() + next, prepared - next,
                              MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      next += static_cast<uint32_t>(sent);
    } else if (errno != EINTR) {
      errors[slots_[next]] = errno;
      failed++;
      next++;
    }
  }
  return failed;
}

void Frames::Close(const Napi::CallbackInfo&) {
  socket_.reset();
  memory_.reset();
}

}  // namespace okeanid
