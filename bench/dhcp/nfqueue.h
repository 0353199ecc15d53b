// Packets of nfnetlink queues and their verdicts, without a library
// (linux/netfilter/nfnetlink_queue.h).
#pragma once

#include <arpa/inet.h>  // before linux/netfilter.h, which else declares the same
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire.h"

enum { kBatch = 64, kReadBytes = 2048, kMaxLength = 16384, kReceiveBytes = 16 << 20 };

struct packet {
  uint16_t queue;
  uint32_t id;  // as on the wire
  uint32_t ifindex;
  const uint8_t* mac;
  const uint8_t* bytes;  // from the IP header on
  size_t length;
};

static void fail(const char* what) {
  perror(what);
  exit(1);
}

static int parse_packet(const uint8_t* message, size_t length, struct packet* p) {
  const struct nlmsghdr* h = (const void*)message;
  if (length < NLMSG_HDRLEN + sizeof(struct nfgenmsg) || h->nlmsg_len > length) return 0;
  if (h->nlmsg_type != (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET)) return 0;
  const struct nfgenmsg* g = NLMSG_DATA(h);
  memset(p, 0, sizeof *p);
  p->queue = ntohs(g->res_id);
  uint32_t phys = 0;
  int has_id = 0;
  for (size_t at = NLMSG_HDRLEN + sizeof *g; at + NLA_HDRLEN <= h->nlmsg_len;) {
    const struct nlattr* a = (const void*)(message + at);
    if (a->nla_len < NLA_HDRLEN || at + a->nla_len > h->nlmsg_len) break;
    const uint8_t* value = message + at + NLA_HDRLEN;
    switch (a->nla_type & NLA_TYPE_MASK) {
      case NFQA_PACKET_HDR:
        p->id = raw32(value);
        has_id = 1;
        break;
      case NFQA_IFINDEX_INDEV:
        p->ifindex = ntohl(raw32(value));
        break;
      case NFQA_IFINDEX_PHYSINDEV:
        phys = ntohl(raw32(value));
        break;
      case NFQA_HWADDR:
        p->mac = ((const struct nfqnl_msg_packet_hw*)(const void*)value)->hw_addr;
        break;
      case NFQA_PAYLOAD:
        p->bytes = value;
        p->length = a->nla_len - NLA_HDRLEN;
        break;
    }
    at += NLA_ALIGN(a->nla_len);
  }
  if (phys) p->ifindex = phys;
  return has_id;
}

struct verdict_message {
  struct nlmsghdr h;
  struct nfgenmsg g;
  struct nlattr a;
  struct nfqnl_msg_verdict_hdr v;
};

static struct verdict_message verdict_message(int type, uint16_t queue, uint32_t id, int verdict) {
  return (struct verdict_message){
      .h = {.nlmsg_len = sizeof(struct verdict_message),
            .nlmsg_type = (uint16_t)(NFNL_SUBSYS_QUEUE << 8 | type),
            .nlmsg_flags = NLM_F_REQUEST},
      .g = {.version = NFNETLINK_V0, .res_id = htons(queue)},
      .a = {.nla_len = NLA_HDRLEN + sizeof(struct nfqnl_msg_verdict_hdr),
            .nla_type = NFQA_VERDICT_HDR},
      .v = {.verdict = htonl((uint32_t)verdict), .id = id},
  };
}

// One message for a whole batch where all are dropped: the kernel then drops every waiting id up to
// this one, and whatever is older was in an earlier batch and has its verdict. Else a message for
// each, in one send.
static void send_verdicts(int fd, const struct packet* packets, const int* verdicts, int count) {
  static struct verdict_message messages[kBatch];
  int used = 0, is_uniform = 1;
  for (int i = 0; i < count; i++)
    if (verdicts[i] != NF_DROP || packets[i].queue != packets[0].queue) is_uniform = 0;
  if (is_uniform && count > 0)
    messages[used++] =
        verdict_message(NFQNL_MSG_VERDICT_BATCH, packets[0].queue, packets[count - 1].id, NF_DROP);
  else
    for (int i = 0; i < count; i++)
      messages[used++] =
          verdict_message(NFQNL_MSG_VERDICT, packets[i].queue, packets[i].id, verdicts[i]);
  if (used && send(fd, messages, (size_t)used * sizeof *messages, 0) < 0) perror("verdict");
}

static void configure(int fd, uint16_t queue, int attribute, const void* value, size_t length) {
  struct {
    struct nlmsghdr h;
    struct nfgenmsg g;
    uint8_t attribute[64];
  } m = {
      .h = {.nlmsg_len =
                (uint32_t)(NLMSG_HDRLEN + sizeof(struct nfgenmsg) + NLA_HDRLEN + NLA_ALIGN(length)),
            .nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_CONFIG,
            .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
      .g = {.version = NFNETLINK_V0, .res_id = htons(queue)},
  };
  const struct nlattr a = {.nla_len = (uint16_t)(NLA_HDRLEN + length),
                           .nla_type = (uint16_t)attribute};
  memcpy(m.attribute, &a, sizeof a);
  memcpy(m.attribute + NLA_HDRLEN, value, length);
  if (send(fd, &m, m.h.nlmsg_len, 0) < 0) fail("nfnetlink send");
  struct {
    struct nlmsghdr h;
    struct nlmsgerr e;
    uint8_t rest[512];
  } reply;
  do {
    if (recv(fd, &reply, sizeof reply, 0) < 0) fail("nfnetlink recv");
  } while (reply.h.nlmsg_type != NLMSG_ERROR);  // a queue bound before may have a packet already
  errno = -reply.e.error;
  if (errno) fail("nfnetlink_queue configuration");
}

static int open_queues(const uint16_t* queues, int count) {
  const int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER), on = 1, bytes = kReceiveBytes;
  const struct sockaddr_nl self = {.nl_family = AF_NETLINK};
  if (fd < 0 || bind(fd, (const void*)&self, sizeof self)) fail("netlink");
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes)) fail("SO_RCVBUFFORCE");
  setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof on);
  for (int i = 0; i < count; i++) {
    const struct nfqnl_msg_config_cmd bind_it = {.command = NFQNL_CFG_CMD_BIND};
    const struct nfqnl_msg_config_params copy = {.copy_range = htonl(1600),
                                                 .copy_mode = NFQNL_COPY_PACKET};
    const uint32_t length = htonl(kMaxLength);
    configure(fd, queues[i], NFQA_CFG_CMD, &bind_it, sizeof bind_it);
    configure(fd, queues[i], NFQA_CFG_QUEUE_MAXLEN, &length, sizeof length);
    configure(fd, queues[i], NFQA_CFG_PARAMS, &copy, sizeof copy);
  }
  return fd;
}
