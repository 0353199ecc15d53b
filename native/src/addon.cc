#include <napi.h>

#include "ask_netlink.h"
#include "datagram.h"
#include "file_lock.h"
#include "frames.h"
#include "link_watch.h"
#include "packet_queue.h"
#include "ruleset.h"
#include "ruleset_watch.h"
#include "run_program.h"

namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("sendDatagram", Napi::Function::New(env, okeanid::SendDatagram, "sendDatagram"));
  exports.Set("askNetlink", Napi::Function::New(env, okeanid::AskNetlink, "askNetlink"));
  exports.Set("runProgram", Napi::Function::New(env, okeanid::RunProgram, "runProgram"));
  exports.Set("PacketQueue", okeanid::PacketQueue::Define(env));
  exports.Set("Frames", okeanid::Frames::Define(env));
  exports.Set("LinkWatch", okeanid::LinkWatch::Define(env));
  exports.Set("tryLock", Napi::Function::New(env, okeanid::TryLock, "tryLock"));
  exports.Set("readRuleset", Napi::Function::New(env, okeanid::ReadRuleset, "readRuleset"));
  exports.Set("RulesetWatch", okeanid::RulesetWatch::Define(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(okeanid, Init)
