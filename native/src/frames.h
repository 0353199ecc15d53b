#pragma once

#include <linux/if_packet.h>
#include <napi.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>

#include "shared_memory.h"
#include "unique_fd.h"

namespace okeanid {

// new Frames()
//
// Sends whole Ethernet frames on any interface through one AF_PACKET socket (packet(7)). Its
// protocol is 0: it receives nothing, and opening it waits for no grace period.
//
// Properties, all of shared memory: bytes (frame i begins at i * 2048), ifindexes, lengths,
// errors (after send(): 0, or errno).
class Frames final : public Napi::ObjectWrap<Frames> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit Frames(const Napi::CallbackInfo& info);

  static constexpr uint32_t kSlots = 128;
  static constexpr uint32_t kSlotBytes = 2048;

 private:
  // send(count): how many of the first `count` frames failed. One that fails stops no other.
  Napi::Value Send(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  uint32_t Prepare(uint32_t count, uint8_t* memory);
  uint32_t SendPrepared(uint32_t prepared, int32_t* errors);

  std::optional<UniqueFd> socket_;
  std::optional<SharedMemory> memory_;
  std::array<mmsghdr, kSlots> headers_ = {};
  std::array<iovec, kSlots> parts_ = {};
  std::array<sockaddr_ll, kSlots> addresses_ = {};
  // Which slot each prepared frame comes from.
  std::array<uint32_t, kSlots> slots_ = {};
};

}  // namespace okeanid
