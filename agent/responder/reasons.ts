import type { DropReason, PassReason } from './outcome.js'

/** Why a packet got no answer, as a sentence for people; `docs/responder.md` has the same list with what to do. */
export const reasonTexts: Readonly<Record<PassReason | DropReason, string>> = {
  'unknown-nic': 'no binding names the interface that it came in by',
  'not-served': 'the NIC’s network does not offer this service',
  'not-ours': 'it is meant for somebody else, or is nothing that we answer',
  'other-target': 'it asks for an address that this host does not answer for',
  'duplicate-address-detection':
    'the guest tests whether an address is free; answering would say that it is not',
  'spoofed-source': 'its Ethernet source is not the NIC’s address',
  'rate-limited': 'the NIC has sent more packets than [responder] rate and burst allow',
  'malformed-ip': 'its IP header, or an extension header, is cut off or contradicts itself',
  'malformed-udp': 'its UDP length does not fit the packet',
  'malformed-icmp': 'its ICMPv6 message is cut off or has a code that it cannot have',
  'malformed-dhcp': 'its DHCP message is cut off, or an option has a length that it cannot have',
  'malformed-nd':
    'its neighbour discovery message breaks RFC 4861: an option of length zero, or one that it may not have',
  fragment: 'it is a fragment; no client needs to fragment these messages',
  'bad-checksum': 'its checksum is wrong',
  'not-a-request': 'it is a message that only servers send',
  'foreign-chaddr': 'its field chaddr names another hardware address than the NIC’s',
  'other-server': 'the client chose another server',
  'unknown-message': 'its message type is unknown',
  decline: 'the guest says that somebody else uses its address; look for who does',
  release: 'the guest gives its address back; it stays the NIC’s',
  'no-address': 'the NIC has no address to give',
  'wrong-hop-limit':
    'its hop limit is not 255, so it may come from beyond the link (RFC 4861 §6.1.1, §7.1.1)',
  'wrong-source-address': 'its IPv6 source cannot be right for this message',
  'no-client-id': 'it lacks the client identifier that this message must have (RFC 9915 §16)',
  'too-large': 'the answer does not fit the largest packet that may be sent',
  'internal-error': 'answering it failed; that is a bug, and the log has the packet',
}
