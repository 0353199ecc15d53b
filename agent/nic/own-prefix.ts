import { type Cidr6, contains4, hostNumber4, subprefix6 } from '#addr/cidr.js'
import { macNumber } from '#addr/mac.js'
import { err, ok, type Result } from '#result.js'
import type { Nic } from './nic.js'
import type { CompleteSetup } from './setup-settings.js'

/**
 * The IPv6 prefix that is the NIC's own: undefined where none is configured. It depends on nothing but the NIC, so every node
 * finds the same.
 * @returns the problem of a NIC that the pool has none for: it would share another's
 */
export function ownPrefixOf(
  nic: Nic,
  { ownPrefix }: Pick<CompleteSetup, 'ownPrefix'>,
): Result<Cidr6 | undefined, string> {
  if (ownPrefix === 'none') return ok(undefined)
  const { pool, length, by } = ownPrefix
  const number = by === 'mac' ? macNumber(nic.mac) % 2 ** 24 : placeOf(nic)
  if (number === undefined) {
    return err(
      'own_prefix wants an IPv4 address of the NIC in its subnet, or the word mac behind the length',
    )
  }
  const prefix = subprefix6(pool, { length, number })
  return prefix === undefined
    ? err(
        `own_prefix has no prefix with the number ${number}: its pool is too small for the IPv4 subnet`,
      )
    : ok(prefix)
}

function placeOf({ ip, network }: Nic): number | undefined {
  const subnet = network?.subnet
  const isThere = ip !== undefined && subnet !== undefined && contains4(subnet, ip)
  return isThere ? hostNumber4(subnet, ip) : undefined
}
