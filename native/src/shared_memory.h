#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>

namespace okeanid {

// One ArrayBuffer that both sides write to. JavaScript may take it away (transfer it to a worker,
// say); then data() is nullptr for ever, so ask anew whenever JavaScript has run.
class SharedMemory {
 public:
  SharedMemory(Napi::Env env, size_t bytes);

  // The bytes, or nullptr when the buffer was detached. Needs an open handle scope.
  uint8_t* data();

  Napi::ArrayBuffer buffer() const { return reference_.Value(); }

 private:
  Napi::Reference<Napi::ArrayBuffer> reference_;
  uint8_t* data_;
};

}  // namespace okeanid
