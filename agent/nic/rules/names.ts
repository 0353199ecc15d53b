import type { IfName } from '#addr/if-name.js'

/** Chains of one tap. */
export interface TapChains {
  /** `netdev okeanid`: what the guest sends. */
  readonly guard: string
  /** `netdev okeanid`: what of that is neighbour discovery (RFC 4861). */
  readonly discovery: string
  /** `netdev okeanid`: what of that tests whether an address is free. */
  readonly probe: string
  /** `netdev okeanid`: what shows that an address belongs to another; only where addresses are learnt. */
  readonly watch: string
  /** `bridge okeanid` or `inet okeanid`: what others send to the guest. */
  readonly shield: string
  /** `inet okeanid`: what the guest sends to this host. */
  readonly host: string
}

/** The names of a tap's chains. nft takes no `@` in a name, and no interface that we take has a `/`. */
export function chainNames(tap: IfName): TapChains {
  const name = tap.replaceAll('@', '/')
  return {
    guard: `from_${name}`,
    discovery: `nd_${name}`,
    probe: `dad_${name}`,
    watch: `watch_${name}`,
    shield: `to_${name}`,
    host: `host_${name}`,
  }
}

/** The tap that a chain of ours belongs to; undefined for all other chains. */
export function tapOfChain(chain: string): string | undefined {
  return /^(?:from|nd|dad|watch|to|host)_(.+)$/.exec(chain)?.[1]?.replaceAll('/', '@')
}

/** Sets of those who share a link, in `netdev okeanid`. */
export interface DomainSets {
  readonly claims: string
  readonly taken: string
  readonly reserved: string
  readonly tentative: string
  readonly fresh: string
  readonly rates: string
}

/** The names of a domain's sets; what nft takes in no name is written as its code. */
export function domainSets(domain: string): DomainSets {
  const name = domain.replace(
    /[^A-Za-z0-9_.-]/g,
    (character) => `/${character.charCodeAt(0).toString(16)}.`,
  )
  return {
    claims: `claims_${name}`,
    taken: `taken_${name}`,
    reserved: `reserved_${name}`,
    tentative: `tentative_${name}`,
    fresh: `fresh_${name}`,
    rates: `rates_${name}`,
  }
}

/** What all taps share. */
export const shared = {
  /** Netdev: taps whose guests have just come from another node. */
  grace: 'grace',
  /** Netdev: extension headers, which may not follow a fragment header. */
  extensionHeaders: 'extension_headers',
  /** Netdev: TCP and UDP, by number. */
  plainProtocols: 'plain_protocols',
  /** Bridge and inet: tap -> its shield. */
  toGuest: 'to_guest',
  /** Inet: tap -> what its guest may open on this host. */
  fromGuest: 'from_guest',
  /** Base chains. */
  forward: 'guests_forward',
  output: 'guests_output',
  input: 'guests_input',
} as const
