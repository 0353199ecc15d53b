#pragma once

#include <napi.h>

namespace okeanid {

// runProgram({ program, args, env, input, timeoutMs, maxOutputBytes })
//
// Runs a program to its end, without a shell and without the event loop, which stands still
// meanwhile: { code, stdout, stderr }; code is -1 when a signal ended it. program is a path; args
// are without the name; env has texts like "PATH=/bin". The program reads input from a file without
// a name, of which nothing is read yet. Output beyond maxOutputBytes is passed over; what the
// program left running in the background is not waited for. Throws an Error with code, errno and
// syscall: ENOENT and EACCES when it cannot be run, ETIMEDOUT when it was killed.
Napi::Value RunProgram(const Napi::CallbackInfo& info);

}  // namespace okeanid
