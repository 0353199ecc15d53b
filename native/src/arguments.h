#pragma once

#include <napi.h>

#include <cstdint>

namespace okeanid {

// The object that a function was called with as its only argument; throws TypeError.
Napi::Object ReadOptions(const Napi::CallbackInfo& info);

// A whole number from min to max; throws TypeError for another type, RangeError for another number.
uint32_t ReadUint(Napi::Value value, const char* name, uint32_t min, uint32_t max);
uint32_t ReadUint(Napi::Object options, const char* name, uint32_t min, uint32_t max);

// true or false, nothing that merely looks so; throws TypeError.
bool ReadBool(Napi::Object options, const char* name);

// A function; throws TypeError.
Napi::Function ReadFunction(Napi::Object options, const char* name);

}  // namespace okeanid
