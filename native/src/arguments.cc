#include "arguments.h"

#include <cmath>
#include <string>

namespace okeanid {

namespace {

std::string TextOf(Napi::Value value, const char* name) {
  if (!value.IsString()) {
    throw Napi::TypeError::New(value.Env(), std::string(name) + " is not a text");
  }
  const std::string text = value.As<Napi::String>().Utf8Value();
  if (text.find('\0') != std::string::npos) {
    throw Napi::RangeError::New(value.Env(), std::string(name) + " has a zero byte");
  }
  return text;
}

}  // namespace

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

std::string ReadText(Napi::Object options, const char* name) {
  return TextOf(options.Get(name), name);
}

std::vector<std::string> ReadTexts(Napi::Object options, const char* name) {
  const Napi::Value value = options.Get(name);
  if (!value.IsArray()) {
    throw Napi::TypeError::New(options.Env(), std::string(name) + " is not a list");
  }
  const Napi::Array list = value.As<Napi::Array>();
  std::vector<std::string> texts;
  for (uint32_t i = 0; i < list.Length(); i++) texts.push_back(TextOf(list.Get(i), name));
  return texts;
}

Napi::Uint8Array ReadBytes(Napi::Object options, const char* name) {
  const Napi::Value value = options.Get(name);
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw Napi::TypeError::New(options.Env(), std::string(name) + " is no Uint8Array");
  }
  return value.As<Napi::Uint8Array>();
}

Napi::Function ReadFunction(Napi::Object options, const char* name) {
  const Napi::Value value = options.Get(name);
  if (!value.IsFunction()) {
    throw Napi::TypeError::New(options.Env(), std::string(name) + " is not a function");
  }
  return value.As<Napi::Function>();
}

}  // namespace okeanid
