#include "arguments.h"

#include <cmath>
#include <string>

namespace okeanid {

Napi::Object ReadOptions(const Napi::CallbackInfo& info) {
  if (info.Length() < 1 || !info[0].IsObject()) {
    throw Napi::TypeError::New(info.Env(), "the options are missing");
  }
  return info[0].As<Napi::Object>();
}

uint32_t ReadUint(Napi::Value value, const char* name, uint32_t min, uint32_t max) {
  if (!value.IsNumber()) {
    throw Napi::TypeError::New(value.Env(), std::string(name) + " is not a number");
  }
  const double number = value.As<Napi::Number>().DoubleValue();
  // a NaN fails both comparisons
  if (!(number >= min && number <= max) || std::trunc(number) != number) {
    throw Napi::RangeError::New(value.Env(), std::string(name) + " is not a whole number from " +
                                                 std::to_string(min) + " to " +
                                                 std::to_string(max));
  }
  return static_cast<uint32_t>(number);
}

uint32_t ReadUint(Napi::Object options, const char* name, uint32_t min, uint32_t max) {
  return ReadUint(options.Get(name), name, min, max);
}

bool ReadBool(Napi::Object options, const char* name) {
  const Napi::Value value = options.Get(name);
  if (!value.IsBoolean()) {
    throw Napi::TypeError::New(options.Env(), std::string(name) + " is not true or false");
  }
  return value.As<Napi::Boolean>().Value();
}

Napi::Function ReadFunction(Napi::Object options, const char* name) {
  const Napi::Value value = options.Get(name);
  if (!value.IsFunction()) {
    throw Napi::TypeError::New(options.Env(), std::string(name) + " is not a function");
  }
  return value.As<Napi::Function>();
}

}  // namespace okeanid
