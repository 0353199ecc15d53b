import type { Inbound, Service } from '#nic/desired.js'

/** A firewall profile: what may reach a guest unasked. */
export interface Profile {
  readonly name: string
  readonly inbound: Inbound
}

/** The profiles that a node knows. Plain JSON, so that the compiled configuration can hold it. */
export interface Profiles {
  /** Name of the one that holds where no tag says. */
  readonly standard: string
  readonly named: readonly Profile[]
}

/** What stands in for a profile that a tag names and this node does not know: nothing is opened by a slip of the pen. */
export const strictestProfile: Profile = {
  name: 'protected',
  inbound: { kind: 'listed', icmp: 'essential', services: [] },
}

/** The profiles that there are without any configuration, by the names that Synnefo's tags use. */
export const builtinProfiles: Profiles = {
  standard: 'unprotected',
  named: [
    { name: 'unprotected', inbound: { kind: 'all' } },
    {
      name: 'limited',
      inbound: { kind: 'listed', icmp: 'essential', services: [tcp(22), tcp(3389)] },
    },
    strictestProfile,
  ],
}

/** The profile of a name. */
export function profileNamed(profiles: Profiles, name: string): Profile | undefined {
  return profiles.named.find((profile) => profile.name === name)
}

/** Of several profiles the one that lets the least in; among equals the first by name. None for none. */
export function strictestOf(candidates: readonly Profile[]): Profile | undefined {
  return [...candidates].sort(
    (a, b) => openness(a.inbound) - openness(b.inbound) || (a.name < b.name ? -1 : 1),
  )[0]
}

/** How much a profile lets in: doors that anybody may use count more than those for some. */
function openness(inbound: Inbound): number {
  if (inbound.kind === 'all') return Number.POSITIVE_INFINITY
  const doors = inbound.services.map(({ ports, sources }) => {
    const portCount = ports === undefined ? 65_536 : ports.last - ports.first + 1
    return sources.length === 0 ? portCount : portCount / 2
  })
  return doors.reduce((sum, each) => sum + each, inbound.icmp === 'all' ? 0.25 : 0)
}

function tcp(port: number): Service {
  return { protocol: 'tcp', ports: { first: port, last: port }, sources: [] }
}
