import { open, readFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import path from 'node:path'
import { AgentError, systemCode } from '#errors.js'
import { createClusterUuidFinder } from '#ganeti/config-data.js'
import {
  findOwnNode,
  parseSsconf,
  type Ssconf,
  type SsconfKey,
  ssconfKeys,
} from '#ganeti/ssconf.js'

/** What this host is in its cluster. */
export interface ClusterView extends Ssconf {
  /** This host's name in the cluster; undefined when none of its addresses is a node's. */
  readonly ownNode: string | undefined
  readonly isMaster: boolean
  readonly isCandidate: boolean
}

/**
 * Reads what this host is in its cluster, from ssconf and the host's own addresses.
 *
 * @param dataDirectory `/var/lib/ganeti`, below the configured root
 * @throws AgentError NOT_A_GANETI_NODE when there is no usable ssconf (yet)
 */
export async function readClusterView(dataDirectory: string): Promise<ClusterView> {
  const texts = Object.fromEntries(
    await Promise.all(
      ssconfKeys.map(async (key) => [key, await readSsconfFile(dataDirectory, key)] as const),
    ),
  ) as Record<SsconfKey, string>
  const ssconf = parseSsconf(texts)
  if (ssconf === undefined) throw notANode(dataDirectory, 'ssconf_cluster_name is missing or empty')
  const ownNode = findOwnNode(ssconf.nodes, hostAddresses())
  return {
    ...ssconf,
    ownNode,
    isMaster: ownNode !== undefined && ownNode === ssconf.masterNode,
    isCandidate: ownNode !== undefined && ssconf.masterCandidates.includes(ownNode),
  }
}

/**
 * The cluster's UUID, from `config.data` (only master candidates have it).
 *
 * @returns undefined when the file is missing, may not be read, or holds no UUID
 */
export async function readClusterUuid(dataDirectory: string): Promise<string | undefined> {
  try {
    await using file = await open(path.join(dataDirectory, 'config.data'))
    const finder = createClusterUuidFinder()
    const slice = Buffer.allocUnsafe(64 * 1024)
    for (;;) {
      const { bytesRead } = await file.read(slice, 0, slice.length)
      if (bytesRead === 0 || finder.write(slice.subarray(0, bytesRead))) return finder.uuid()
    }
  } catch {
    return undefined
  }
}

/** Whether a change of this file in Ganeti's data directory may change what this host is in its cluster, or the cluster's UUID. */
export function concernsClusterView(name: string): boolean {
  return name === 'config.data' || ssconfKeys.some((key) => name === `ssconf_${key}`)
}

async function readSsconfFile(dataDirectory: string, key: SsconfKey): Promise<string> {
  try {
    return await readFile(path.join(dataDirectory, `ssconf_${key}`), 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return ''
    throw notANode(
      dataDirectory,
      `ssconf_${key} cannot be read (${systemCode(error) ?? String(error)})`,
    )
  }
}

function notANode(dataDirectory: string, why: string): AgentError {
  return new AgentError(
    'NOT_A_GANETI_NODE',
    `no cluster in ${dataDirectory}: ${why}; the agent waits until gnt-cluster init or gnt-node add has run here`,
  )
}

function hostAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map(({ address }) => address),
  )
}
