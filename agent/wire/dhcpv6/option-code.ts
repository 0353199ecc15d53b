/** Codes of DHCPv6 options (IANA "DHCPv6 Option Codes"). */
export const dhcpv6Option = {
  clientId: 1,
  serverId: 2,
  iaNa: 3,
  iaTa: 4,
  iaAddress: 5,
  optionRequest: 6,
  preference: 7,
  elapsedTime: 8,
  relayMessage: 9,
  authentication: 11,
  serverUnicast: 12,
  statusCode: 13,
  rapidCommit: 14,
  userClass: 15,
  vendorClass: 16,
  vendorOptions: 17,
  interfaceId: 18,
  reconfigureMessage: 19,
  reconfigureAccept: 20,
  sipServerNames: 21,
  sipServers: 22,
  dnsServers: 23,
  domainSearch: 24,
  iaPd: 25,
  iaPrefix: 26,
  sntpServers: 31,
  informationRefreshTime: 32,
  clientFqdn: 39,
  ntpServer: 56,
  bootFileUrl: 59,
  bootFileParameters: 60,
  clientArchitecture: 61,
  networkInterface: 62,
  solMaxRt: 82,
  infMaxRt: 83,
  captivePortal: 103,
} as const

/** Message types (RFC 9915 §7.3; relayed ones are not served). */
export const dhcpv6Type = {
  solicit: 1,
  advertise: 2,
  request: 3,
  confirm: 4,
  renew: 5,
  rebind: 6,
  reply: 7,
  release: 8,
  decline: 9,
  reconfigure: 10,
  informationRequest: 11,
  relayForward: 12,
  relayReply: 13,
} as const

/** Status codes (RFC 9915 §21.13). */
export const dhcpv6Status = {
  success: 0,
  unspecFail: 1,
  noAddrsAvail: 2,
  noBinding: 3,
  notOnLink: 4,
  useMulticast: 5,
  noPrefixAvail: 6,
} as const

/** Where clients and servers listen (RFC 9915 §7.2). */
export const dhcpv6Port = { client: 546, server: 547 } as const
