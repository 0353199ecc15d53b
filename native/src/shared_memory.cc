#include "shared_memory.h"

namespace okeanid {

SharedMemory::SharedMemory(Napi::Env env, size_t bytes) {
  const Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, bytes);
  reference_ = Napi::Persistent(buffer);
  data_ = static_cast<uint8_t*>(const_cast<Napi::ArrayBuffer&>(buffer).Data());
}

uint8_t* SharedMemory::data() {
  bool is_detached = false;
  napi_is_detached_arraybuffer(reference_.Env(), reference_.Value(), &is_detached);
  if (is_detached) data_ = nullptr;
  return data_;
}

}  // namespace okeanid
