import { linkLocalOfMac } from '#addr/eui64.js'
import type { Ipv6 } from '#addr/ipv6.js'
import { macOfNumber } from '#addr/mac.js'
import type { NicService } from '#binding/service.js'
import type { NicDevice } from './outcome.js'

/** The address that router advertisements and DHCPv6 answers come from: link-local (RFC 4861 §4.2). */
export function routerAddress({ ra }: Pick<NicService, 'ra'>, { sourceMac }: NicDevice): Ipv6 {
  return ra?.sourceAddress ?? linkLocalOfMac(macOfNumber(sourceMac))
}
