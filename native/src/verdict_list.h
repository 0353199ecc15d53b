#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace okeanid {

// Verdicts that the kernel was not told yet, in the order of their packets.
class VerdictList {
 public:
  VerdictList(uint16_t queue_number, size_t capacity);

  bool empty() const { return verdicts_.empty(); }

  // Ids come in the order in which the kernel gave them.
  void Add(uint32_t id, uint32_t verdict) { verdicts_.push_back({id, verdict}); }

  // Tells the kernel all of them in one system call, with one message for each run of equal
  // verdicts. Returns 0 and forgets them, or errno and keeps every one for the next try.
  int Send(int fd);

  // How many the last Send that returned 0 told.
  size_t sent() const { return sent_; }

 private:
  struct Verdict {
    uint32_t id;
    uint32_t verdict;
  };

  size_t WriteRuns();

  const uint16_t queue_number_;
  std::vector<Verdict> verdicts_;
  std::vector<uint8_t> messages_;
  size_t sent_ = 0;
};

}  // namespace okeanid
