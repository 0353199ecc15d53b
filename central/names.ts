/** Names at Ganeti of what is ours (Synnefo's, D.1): `snf-42`, `snf-net-7`, `snf-nic-301`, `snf-link-7`. */
export interface Names {
  readonly instance: (serverId: number) => string
  readonly network: (networkId: number) => string
  readonly nic: (portId: number) => string
  /** Routing table of a routed network. */
  readonly link: (networkId: number) => string
  /** The number in a name of ours; undefined for names of others. */
  readonly serverIdOf: (name: string) => number | undefined
  readonly networkIdOf: (name: string) => number | undefined
  readonly portIdOf: (name: string) => number | undefined
}

/** The names of an installation. @param prefix ends with a dash: `snf-` */
export function createNames(prefix: string): Names {
  return {
    instance: (id) => `${prefix}${id}`,
    network: (id) => `${prefix}net-${id}`,
    nic: (id) => `${prefix}nic-${id}`,
    link: (id) => `${prefix}link-${id}`,
    serverIdOf: (name) => idAfter(prefix, name),
    networkIdOf: (name) => idAfter(`${prefix}net-`, name),
    portIdOf: (name) => idAfter(`${prefix}nic-`, name),
  }
}

function idAfter(start: string, name: string): number | undefined {
  if (!name.startsWith(start)) return undefined
  const rest = name.slice(start.length)
  return /^[1-9]\d{0,14}$/.test(rest) ? Number(rest) : undefined
}
