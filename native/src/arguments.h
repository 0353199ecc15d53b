#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

namespace okeanid {

// The object that a function was called with as its only argument; throws TypeError.
Napi::Object ReadOptions(const Napi::CallbackInfo& info);

// A whole number from min to max; throws TypeError for another type, RangeError for another number.
uint32_t ReadUint(Napi::Value value, const char* name, uint32_t min, uint32_t max);
uint32_t ReadUint(Napi::Object options, const char* name, uint32_t min, uint32_t max);

// true or false, nothing that merely looks so; throws TypeError.
bool ReadBool(Napi::Object options, const char* name);

// Texts without a zero byte; throw TypeError for another type, RangeError for such a text.
std::string ReadText(Napi::Object options, const char* name);
std::vector<std::string> ReadTexts(Napi::Object options, const char* name);

// Bytes; throws TypeError.
Napi::Uint8Array ReadBytes(Napi::Object options, const char* name);

// A function; throws TypeError.
Napi::Function ReadFunction(Napi::Object options, const char* name);

}  // namespace okeanid
