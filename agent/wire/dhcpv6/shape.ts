import { dhcpv6Option } from './option-code.js'

/** Shapes of values that say nothing about the option but its code. */
export type PlainShape = 'flag' | 'number' | 'numbers' | 'addresses' | 'names' | 'text'

/** The shape of an option's value; undefined for those with a shape of their own and those that are not known. */
export function shapeOf(code: number): PlainShape | undefined {
  switch (code) {
    case dhcpv6Option.rapidCommit:
    case dhcpv6Option.reconfigureAccept:
      return 'flag'
    case dhcpv6Option.preference:
    case dhcpv6Option.elapsedTime:
    case dhcpv6Option.informationRefreshTime:
    case dhcpv6Option.solMaxRt:
    case dhcpv6Option.infMaxRt:
      return 'number'
    case dhcpv6Option.optionRequest:
    case dhcpv6Option.clientArchitecture:
      return 'numbers'
    case dhcpv6Option.sipServers:
    case dhcpv6Option.dnsServers:
    case dhcpv6Option.sntpServers:
      return 'addresses'
    case dhcpv6Option.sipServerNames:
    case dhcpv6Option.domainSearch:
      return 'names'
    case dhcpv6Option.bootFileUrl:
    case dhcpv6Option.captivePortal:
      return 'text'
    default:
      return undefined
  }
}

/** Bytes of an option whose value is one number. */
export function numberBytes(code: number): 1 | 2 | 4 {
  if (code === dhcpv6Option.preference) return 1
  return code === dhcpv6Option.elapsedTime ? 2 : 4
}
