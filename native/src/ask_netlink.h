#pragma once

#include <napi.h>

namespace okeanid {

// askNetlink({ protocol, request })
//
// Sends one message (a Uint8Array: nlmsghdr and what follows, with NLM_F_ACK or NLM_F_DUMP) to the
// kernel and gives its whole answer as one Uint8Array of messages, empty when it was only
// acknowledged. A request may be several messages in a row, a batch of nfnetlink's, of which the
// last asks for NLM_F_ACK: then it was taken as a whole or refused as a whole. protocol:
// NETLINK_ROUTE 0 or NETLINK_NETFILTER 12. Dumps are filtered by what the request says
// (NETLINK_GET_STRICT_CHK). Throws an Error with code, errno and syscall when the kernel refuses;
// its message ends with what the kernel says about it (NETLINK_EXT_ACK).
Napi::Value AskNetlink(const Napi::CallbackInfo& info);

}  // namespace okeanid
