// Who client number i is, and what it sends. clients.ts says the same.
#pragma once

#include <net/ethernet.h>

#include "wire.h"

enum { kNetworkClients = 100 };  // clients of one network, which has one prefix

static void client_mac(uint32_t i, uint8_t* mac) {
  mac[0] = 0xaa;
  mac[1] = 0;
  const uint32_t wire = htonl(i);
  memcpy(mac + 2, &wire, 4);
}

static uint32_t client_ip(uint32_t i) { return htonl(0x0a4d0100 + i); }

static void client_prefix(uint32_t i, uint8_t* prefix) {
  const uint8_t head[4] = {0x20, 1, 0x0d, 0xb8};
  const uint32_t wire = htonl(i / kNetworkClients);
  memcpy(prefix, head, 4);
  memcpy(prefix + 4, &wire, 4);
}

// The number of the client with this MAC; UINT32_MAX for none of ours.
static uint32_t client_of_mac(const uint8_t* mac) {
  return mac[0] == 0xaa && mac[1] == 0 ? ntohl(raw32(mac + 2)) : UINT32_MAX;
}

// One message of a client; addresses and xid as on the wire.
struct dhcp_message {
  uint32_t client;
  uint8_t type;
  uint32_t xid;
  uint32_t server_ip;   // where a renewal goes
  uint32_t server_id;   // option 54 of a REQUEST that is none
  int is_renewal;       // a unicast REQUEST from a client that has its address (RFC 2131 4.3.2)
  int wants_broadcast;  // the flag (RFC 2131 2)
};

static size_t build_dhcp(const struct dhcp_message* m, uint8_t* frame) {
  const uint32_t address = client_ip(m->client);
  uint8_t *ip = frame + kEthBytes, *udp = ip + kIpBytes, *bootp = udp + kUdpBytes;
  memset(frame, 0, kEthBytes + kIpBytes + kUdpBytes + kBootpBytes);
  client_mac(m->client, frame + 6);
  put16(frame + 12, ETH_P_IP);
  ip[0] = 0x45;
  ip[8] = 64;
  ip[9] = 17;
  if (m->is_renewal) {
    memcpy(frame, kGatewayMac, 6);
    memcpy(ip + 12, &address, 4);
    memcpy(ip + 16, &m->server_ip, 4);
    memcpy(bootp + kCiaddr, &address, 4);
  } else {
    memset(frame, 0xff, 6);
    memset(ip + 16, 0xff, 4);
    if (m->wants_broadcast) bootp[kFlags] = 0x80;
  }
  put16(udp, 68);
  put16(udp + 2, 67);
  bootp[kOp] = 1;
  bootp[1] = 1;
  bootp[2] = 6;
  memcpy(bootp + kXid, &m->xid, 4);
  client_mac(m->client, bootp + kChaddr);
  memcpy(bootp + kCookie, kMagic, 4);
  uint8_t* o = bootp + kBootpBytes;
  o = put_option(o, 53, 1, &m->type);
  uint8_t client_id[7] = {1};
  client_mac(m->client, client_id + 1);
  o = put_option(o, 61, 7, client_id);
  if (m->type == kRequest && !m->is_renewal) {
    o = put_option(o, 50, 4, &address);
    o = put_option(o, 54, 4, &m->server_id);
  }
  static const uint8_t wanted[] = {1, 3, 6, 12, 15, 26, 28, 42, 51, 54, 58, 59, 119, 121};
  static const uint8_t most[] = {1500 >> 8, 1500 & 255};
  o = put_option(o, 55, sizeof wanted, wanted);
  o = put_option(o, 57, sizeof most, most);
  *o++ = 255;
  while (o - bootp < kBootpLeastBytes) *o++ = 0;
  finish_udp(ip, (uint16_t)(o - udp));
  return (size_t)(o - frame);
}

static size_t build_rs(uint32_t client, uint8_t* frame) {
  static const uint8_t all_routers_mac[6] = {0x33, 0x33, 0, 0, 0, 2};
  uint8_t *ip = frame + kEthBytes, *rs = ip + kIp6Bytes;
  memset(frame, 0, kEthBytes + kIp6Bytes + 16);
  memcpy(frame, all_routers_mac, 6);
  client_mac(client, frame + 6);
  put16(frame + 12, ETH_P_IPV6);
  ip[0] = 0x60;
  put16(ip + 4, 16);
  ip[6] = 58;
  ip[7] = 255;
  link_local(frame + 6, ip + 8);
  ip[24] = 0xff;
  ip[25] = 2;
  ip[39] = 2;
  rs[0] = 133;
  rs[8] = 1;  // source link-layer address
  rs[9] = 1;
  memcpy(rs + 10, frame + 6, 6);
  const uint16_t sum = fold(sum_bytes(rs, 16, icmp6_pseudo(ip, 16)));
  memcpy(rs + 2, &sum, 2);
  return kEthBytes + kIp6Bytes + 16;
}
