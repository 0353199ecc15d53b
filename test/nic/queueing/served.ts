import { type IfName, parseIfName } from '#addr/if-name.js'
import { type Mac, parseMac } from '#addr/mac.js'
import type { NicService } from '#binding/service.js'
import type { QueueNumbers, ServedTap } from '#nic/queueing/plan.js'

/** Numbers as the shipped configuration has them. */
export const numbers: QueueNumbers = { dhcp4: 42, ra: 43, nd: 44, dhcp6: 45, dropOffset: 100 }

/** A name that tests are sure of. */
export function ifName(text: string): IfName {
  const name = parseIfName(text)
  if (name === undefined) throw new Error(`no name of an interface: ${text}`)
  return name
}

/** A routed tap that is served everything, but for what a test says. */
export function served(tap: string, other: Partial<ServedTap> = {}): ServedTap {
  const all = { dhcp4: true, ra: true, nd: true, dhcp6: true } as const
  return { tap: ifName(tap), mode: 'routed', whenDown: 'pass', ...all, ...other }
}

/** What a NIC is told: nothing, but for what a test says. */
export function service(tap: string, other: Partial<NicService>): NicService {
  const mac: Mac | undefined = parseMac('aa:00:00:12:34:56')
  if (mac === undefined) throw new Error('no hardware address')
  return {
    tap: ifName(tap),
    mac,
    instance: 'vm1.example.org',
    nic: '0',
    network: 'net1',
    mode: 'routed',
    sourceDevice: ifName(tap),
    ip6: undefined,
    isGateway: true,
    whenDown: 'pass',
    checksSource: true,
    dhcp4: undefined,
    ra: undefined,
    neighbours: undefined,
    dhcp6: undefined,
    ...other,
  }
}
