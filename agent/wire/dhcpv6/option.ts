import type { Cidr6 } from '#addr/cidr.js'
import type { Ipv6 } from '#addr/ipv6.js'

/**
 * An option of DHCPv6 (RFC 9915 §21), by the shape of its value. An option whose value has not the shape that its code
 * asks for, and any that is not known, is `bytes`.
 */
export type Dhcpv6Option =
  | { readonly kind: 'bytes'; readonly code: number; readonly value: Uint8Array }
  | { readonly kind: 'flag'; readonly code: number }
  | {
      /** 8, 16 or 32 bits, as the code asks. */
      readonly kind: 'number'
      readonly code: number
      readonly value: number
    }
  | {
      /** 16 bits each. */
      readonly kind: 'numbers'
      readonly code: number
      readonly values: readonly number[]
    }
  | { readonly kind: 'addresses'; readonly code: number; readonly addresses: readonly Ipv6[] }
  | { readonly kind: 'names'; readonly code: number; readonly names: readonly string[] }
  | { readonly kind: 'text'; readonly code: number; readonly text: string }
  | Dhcpv6Association
  | {
      /** IA_TA (RFC 8415 §21.5; gone in RFC 9915). */
      readonly kind: 'temporary-association'
      readonly code: 4
      readonly iaid: number
      readonly options: readonly Dhcpv6Option[]
    }
  | {
      readonly kind: 'address'
      readonly code: 5
      readonly address: Ipv6
      readonly preferredSeconds: number
      readonly validSeconds: number
      readonly options: readonly Dhcpv6Option[]
    }
  | {
      readonly kind: 'prefix'
      readonly code: 26
      /** Host bits are kept. */
      readonly prefix: Cidr6
      readonly preferredSeconds: number
      readonly validSeconds: number
      readonly options: readonly Dhcpv6Option[]
    }
  | {
      readonly kind: 'status'
      readonly code: 13
      readonly status: number
      readonly message: string
    }
  | {
      /** RFC 4704 §4. */
      readonly kind: 'fqdn'
      readonly code: 39
      /** N, O and S: 4, 2 and 1. */
      readonly flags: number
      /** As `domain-name.ts` writes it; empty for none. */
      readonly name: string
      /** False for the beginning of a name. */
      readonly isComplete: boolean
    }

/** IA_NA and IA_PD (RFC 9915 §21.4, §21.21). */
export interface Dhcpv6Association {
  readonly kind: 'association'
  readonly code: 3 | 25
  readonly iaid: number
  /** T1 and T2. */
  readonly renewSeconds: number
  readonly rebindSeconds: number
  readonly options: readonly Dhcpv6Option[]
}
