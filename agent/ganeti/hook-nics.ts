import { type HookValues, known } from './hook-environment.js'

/** A NIC as a hook tells of it; what it does not tell is undefined. */
export interface HookNic {
  readonly index: number
  readonly uuid: string | undefined
  readonly name: string | undefined
  readonly mac: string | undefined
  readonly ip: string | undefined
  readonly mode: string | undefined
  readonly link: string | undefined
  readonly vlan: string | undefined
  /** Name of its network, and that network's IPv6. */
  readonly network: string | undefined
  readonly subnet6: string | undefined
}

/** Most NICs that are read; Ganeti allows 8 (constants.MAX_NICS). */
const maxNics = 64

/** Longest value that is taken over; none of Ganeti's is longer. */
const maxLength = 256

/**
 * The NICs that an instance has after the operation: of one set of variables, the set for after where there is one. Never a mixture, for a
 * NIC that lost its network has no variable that says so.
 */
export function nicsAfter(values: HookValues): readonly HookNic[] {
  const prefix = values.has('GANETI_POST_INSTANCE_NIC_COUNT') ? 'GANETI_POST_' : 'GANETI_'
  const count = Number(values.get(`${prefix}INSTANCE_NIC_COUNT`) ?? 0)
  if (!Number.isInteger(count) || count < 1) return []
  return Array.from({ length: Math.min(count, maxNics) }, (_, index) => {
    const value = (name: string): string | undefined =>
      known(values.get(`${prefix}INSTANCE_NIC${index}_${name}`))?.slice(0, maxLength)
    return {
      index,
      uuid: value('UUID'),
      name: value('NAME'),
      mac: value('MAC'),
      ip: value('IP'),
      mode: value('MODE'),
      link: value('LINK'),
      vlan: value('VLAN'),
      network: value('NETWORK_NAME'),
      subnet6: value('NETWORK_SUBNET6'),
    }
  })
}
