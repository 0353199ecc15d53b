import type { JsonObject } from '#ganeti/json-value.js'
import type { PortView } from './view.js'

/** What differs between a server's ports and its instance's NICs, to read; ports that are still to be made are left out. */
export function nicDifferences(
  ports: readonly PortView[],
  nics: readonly JsonObject[],
): readonly string[] {
  const left = new Set(ports)
  const differences: string[] = []
  for (const nic of nics) {
    const port = ports.find((one) => left.has(one) && isSame(one, nic))
    if (port === undefined) {
      differences.push(`NIC ${nic['name'] ?? nic['uuid']} has no port`)
      continue
    }
    left.delete(port)
    for (const field of ['mac', 'ip', 'network'] as const) {
      const theirs = nic[field] ?? null
      if (port[field] !== theirs) differences.push(`${field} ${port[field]}, not ${theirs}`)
    }
  }
  for (const port of left) {
    if (port.state !== 'BUILD') differences.push(`port ${port.nicName} has no NIC`)
  }
  return differences
}

function isSame({ nicName, nicUuid }: PortView, nic: JsonObject): boolean {
  return (
    (nicName !== '' && nicName === nic['name']) || (nicUuid !== null && nicUuid === nic['uuid'])
  )
}
