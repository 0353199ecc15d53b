import { type Ipv4, parseIpv4 } from '#addr/ipv4.js'
import { type Ipv6, parseIpv6 } from '#addr/ipv6.js'

/** A node and its primary address, a line of `ssconf_node_primary_ips`. */
export interface NodeAddress {
  /** The name by which Ganeti knows the node: its FQDN, whatever the host calls itself. */
  readonly name: string
  readonly address: Ipv4 | Ipv6
}

/** The facts of ssconf that the suite uses (`src/Ganeti/Ssconf.hs`). */
export interface Ssconf {
  readonly clusterName: string
  /** Undefined while Ganeti itself says that there is none. */
  readonly masterNode: string | undefined
  readonly masterCandidates: readonly string[]
  readonly nodes: readonly NodeAddress[]
}

/** Keys of ssconf that {@link parseSsconf} reads; each is a file `ssconf_<key>`. */
export const ssconfKeys = [
  'cluster_name',
  'master_node',
  'master_candidates',
  'node_primary_ips',
] as const

/** One key of ssconf that is read. */
export type SsconfKey = (typeof ssconfKeys)[number]

/** Value of `ssconf_master_node` when the configuration is broken. */
const noMaster = 'NO MASTER'

/** Reads the texts of the files; undefined when they do not name a cluster. */
export function parseSsconf(texts: Readonly<Record<SsconfKey, string>>): Ssconf | undefined {
  const [clusterName] = lines(texts.cluster_name)
  if (clusterName === undefined) return undefined
  const [masterNode] = lines(texts.master_node)
  return {
    clusterName,
    masterNode: masterNode === noMaster ? undefined : masterNode,
    masterCandidates: lines(texts.master_candidates),
    nodes: lines(texts.node_primary_ips).flatMap(parseNodeAddress),
  }
}

/**
 * The name by which Ganeti knows this host: that of the node whose primary address is one of the host's.
 *
 * Host names are no help: Ganeti compares FQDNs, and a host may only know its short name.
 * @param hostAddresses the host's own addresses, as text
 */
export function findOwnNode(
  nodes: readonly NodeAddress[],
  hostAddresses: readonly string[],
): string | undefined {
  const own = new Set(hostAddresses.map(parseAddress))
  return nodes.find(({ address }) => own.has(address))?.name
}

function parseNodeAddress(line: string): readonly NodeAddress[] {
  const [name, text] = line.split(/\s+/)
  const address = text === undefined ? undefined : parseAddress(text)
  return name === undefined || address === undefined ? [] : [{ name, address }]
}

function parseAddress(text: string): Ipv4 | Ipv6 | undefined {
  return parseIpv4(text) ?? parseIpv6(text)
}

function lines(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]))
}
