#include "verdict_list.h"

#include <sys/socket.h>

#include <cerrno>

#include "queue_message.h"

namespace okeanid {

VerdictList::VerdictList(uint16_t queue_number, size_t capacity) : queue_number_(queue_number) {
  verdicts_.reserve(capacity);
  messages_.resize(capacity * kVerdictBytes);
}

int VerdictList::Send(int fd) {
  sent_ = 0;
  if (verdicts_.empty()) return 0;
  const size_t length = WriteRuns();
  ssize_t told;
  do {
    told = send(fd, messages_.data(), length, MSG_DONTWAIT);
  } while (told < 0 && errno == EINTR);
  if (told < 0) return errno;
  sent_ = verdicts_.size();
  verdicts_.clear();
  return 0;
}

// A batch verdict answers every packet that waits up to its id. All before a run have their answer
// by then, for the kernel takes the messages in order: so a run needs only one, whatever is around
// it. Only an id that is not after its predecessor (a queue that was made anew) ends a run.
size_t VerdictList::WriteRuns() {
  if (messages_.size() < verdicts_.size() * kVerdictBytes) {
    messages_.resize(verdicts_.size() * kVerdictBytes);
  }
  size_t length = 0;
  for (size_t first = 0; first < verdicts_.size();) {
    size_t last = first;
    while (last + 1 < verdicts_.size() && verdicts_[last + 1].verdict == verdicts_[first].verdict &&
           static_cast<int32_t>(verdicts_[last + 1].id - verdicts_[last].id) > 0) {
      last++;
    }
    const auto write = last == first ? WriteVerdict : WriteVerdictUpTo;
    write(messages_.data() + length, queue_number_, verdicts_[last].id, verdicts_[last].verdict);
    length += kVerdictBytes;
    first = last + 1;
  }
  return length;
}

}  // namespace okeanid
