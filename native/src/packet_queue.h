#pragma once

#include <napi.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "netlink_socket.h"
#include "poll_handle.h"
#include "queue_message.h"
#include "shared_memory.h"
#include "verdict_list.h"

namespace okeanid {

// new PacketQueue({ queueNumber, copyRangeBytes, maxLength, receiveBufferBytes, isFailOpen,
//   isSilentOverflow, defaultVerdict, budget, onBatch(count), onLost(code) })
//
// One netfilter queue. Packets of one wake-up are written into `bytes` and `meta`, `verdicts` is
// filled with the default, onBatch is called once, and what it left in `verdicts` goes to the
// kernel: one verdict for each packet, whether it returned or threw. onLost says why the queue has
// closed itself: EPERM or ENODEV when the kernel says that it is not ours, ERR_MEMORY_DETACHED when
// JavaScript gave the memory away.
//
// Properties: bytes, meta, verdicts (the shared memory), portId, receiveBufferBytes (as granted).
class PacketQueue final : public Napi::ObjectWrap<PacketQueue>, private PollHandle::Delegate {
 public:
  static Napi::Function Define(Napi::Env env);

  // Throws TypeError and RangeError for bad options, Error with code, errno and syscall when the
  // kernel refuses: EPERM when another socket has the queue, or CAP_NET_ADMIN is missing.
  explicit PacketQueue(const Napi::CallbackInfo& info);

  static constexpr uint32_t kMaxBudget = 64;
  static constexpr uint32_t kSlotBytes = 2048;
  // The Ethernet header stands at the end of a packet's slot.
  static constexpr uint32_t kL2Bytes = 64;
  static constexpr uint32_t kMetaWords = 20;

 private:
  // Of one datagram: the payload (at most a slot) and what else the kernel says.
  static constexpr uint32_t kDatagramBytes = 4096;

  struct Counters {
    double received = 0;
    double batches = 0;
    double verdicts = 0;
    double verdict_errors = 0;
    double stale_verdicts = 0;
    double overflows = 0;
    double retried = 0;
    double malformed = 0;
    double throws = 0;
  };

  void Close(const Napi::CallbackInfo& info);
  Napi::Value ReadCounters(const Napi::CallbackInfo& info);

  void OnReady(int status, int events) override;
  void OnTeardown() override;

  void ExposeMemory(Napi::Object self);
  void Bind(Napi::Env env, const QueueConfig& config, bool is_silent);
  int Receive();
  void ReadDatagrams(uint32_t datagrams, uint8_t* memory);
  void TakePacket(const PacketMessage& packet, uint8_t* memory);
  void NoteError(const nlmsghdr* message);
  void Deliver(Napi::Env env, Napi::Object self, uint8_t* memory);
  void Watch(int events, bool is_stopped);
  void SendVerdicts();
  void Drain();
  void Release();
  void Lose(Napi::Env env, Napi::Object self);

  uint16_t queue_number_ = 0;
  uint32_t budget_ = kMaxBudget;
  uint32_t max_length_ = 0;
  uint8_t default_verdict_ = 0;
  Counters counters_;
  Napi::FunctionReference on_batch_;
  Napi::FunctionReference on_lost_;
  std::optional<SharedMemory> memory_;
  std::optional<NetlinkSocket> socket_;
  std::optional<VerdictList> verdicts_;
  std::optional<PollHandle> poll_;

  std::vector<uint8_t> datagrams_;
  std::array<mmsghdr, kMaxBudget> headers_ = {};
  std::array<iovec, kMaxBudget> parts_ = {};
  // Ids of the packets that are in `memory_`: never read back from there.
  std::array<uint32_t, kMaxBudget> ids_ = {};
  uint32_t count_ = 0;
  int watched_ = 0;
  const char* lost_code_ = nullptr;
  bool is_in_callback_ = false;
  bool is_closing_ = false;
};

}  // namespace okeanid
