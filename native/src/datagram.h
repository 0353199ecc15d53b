#pragma once

#include <napi.h>

namespace okeanid {

// sendDatagram(socketPath: string, text: string): void
//
// Sends one datagram to a Unix socket (sockaddr_un of linux/un.h); a leading '@' names an abstract
// socket. Throws TypeError or RangeError for bad arguments, Error with code, errno and syscall when
// the kernel refuses. Never blocks.
void SendDatagram(const Napi::CallbackInfo& info);

}  // namespace okeanid
