#include "ask_netlink.h"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "arguments.h"
#include "attributes.h"
#include "errno_error.h"
#include "netlink_socket.h"

namespace okeanid {

namespace {

// What nlmsg_type and nlmsg_len may say is the kernel's to judge; more than this nobody asks. Rules
// of a thousand NICs are 30 MiB.
constexpr size_t kMaxRequestBytes = 64 << 20;

// What a socket takes without asking for more (net.core.wmem_default is 208 KiB).
constexpr size_t kUsualRequestBytes = 64 << 10;

// The attributes of a refusal stand after the message that it quotes, of which only the header is
// there when NLM_F_CAPPED is set.
std::string ReasonOf(const nlmsghdr* message) {
  if ((message->nlmsg_flags & NLM_F_ACK_TLVS) == 0) return "";
  const auto* const error = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message));
  const bool is_capped = (message->nlmsg_flags & NLM_F_CAPPED) != 0;
  const size_t quoted = is_capped ? 0 : error->msg.nlmsg_len - sizeof(nlmsghdr);
  if (sizeof(nlmsgerr) + quoted > mnl_nlmsg_get_payload_len(message)) return "";
  for (const nlattr* attr : Attributes(message, sizeof(nlmsgerr) + quoted)) {
    if (mnl_attr_get_type(attr) != NLMSGERR_ATTR_MSG) continue;
    const std::string whole(mnl_attr_get_str(attr), mnl_attr_get_payload_len(attr));
    return whole.substr(0, whole.find('\0'));
  }
  return "";
}

Napi::Error Refusal(Napi::Env env, const nlmsghdr* message, int error_number) {
  const Napi::Error error = ErrnoError(env, "netlink", error_number);
  const std::string reason = ReasonOf(message);
  if (reason.empty()) return error;
  const std::string text = error.Message() + ": " + reason;
  error.Value().Set("message", Napi::String::New(env, text));
  return error;
}

}  // namespace

Napi::Value AskNetlink(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object options = ReadOptions(info);
  const uint32_t protocol = ReadUint(options, "protocol", 0, NETLINK_NETFILTER);
  const Napi::Uint8Array request = ReadBytes(options, "request");
  if (request.ByteLength() < sizeof(nlmsghdr) || request.ByteLength() > kMaxRequestBytes) {
    throw Napi::RangeError::New(env, "request is no netlink message");
  }
  NetlinkSocket socket(env, static_cast<int>(protocol), 0);
  socket.Enable(NETLINK_EXT_ACK);
  socket.Enable(NETLINK_GET_STRICT_CHK);
  if (request.ByteLength() > kUsualRequestBytes) {
    // the kernel counts its own bookkeeping as well, and refuses each message of a batch by itself
    const auto room = static_cast<uint32_t>(request.ByteLength() + kUsualRequestBytes);
    socket.SetSendBuffer(room);
    socket.SetReceiveBuffer(room);
    socket.Enable(NETLINK_CAP_ACK);
  }
  if (send(socket.fd(), request.Data(), request.ByteLength(), MSG_DONTWAIT) < 0) {
    throw ErrnoError(env, "send", errno);
  }
  std::vector<uint8_t> answer;
  std::vector<uint8_t> datagram(kDatagramBytes);
  for (;;) {
    int left = static_cast<int>(socket.Receive(env, &datagram));
    const auto* message = reinterpret_cast<const nlmsghdr*>(datagram.data());
    for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
      const bool is_last = (message->nlmsg_flags & NLM_F_MULTI) == 0;
      if ((message->nlmsg_flags & NLM_F_DUMP_INTR) != 0) throw ErrnoError(env, "recv", EINTR);
      if (message->nlmsg_type == NLMSG_ERROR) {
        const int error = NetlinkError(message);
        if (error != 0) throw Refusal(env, message, error);
      } else if (message->nlmsg_type != NLMSG_DONE) {
        const auto* const bytes = reinterpret_cast<const uint8_t*>(message);
        answer.insert(answer.end(), bytes, bytes + MNL_ALIGN(message->nlmsg_len));
      }
      const bool is_end = message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR;
      if (!is_end && !is_last) continue;
      Napi::Uint8Array copy = Napi::Uint8Array::New(env, answer.size());
      if (!answer.empty()) std::memcpy(copy.Data(), answer.data(), answer.size());
      return copy;
    }
  }
}

}  // namespace okeanid
