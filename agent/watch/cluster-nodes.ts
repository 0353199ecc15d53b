import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { parseSshPorts } from '#ganeti/ssh-words.js'
import { type ClusterView, readClusterView } from './cluster.js'

/** The nodes of the cluster, as this host knows them. */
export interface ClusterNodes {
  readonly view: ClusterView
  /** Names, in Ganeti's order. */
  readonly nodes: readonly string[]
  /** Those that Ganeti itself does not talk to. */
  readonly offline: ReadonlySet<string>
  readonly sshPorts: ReadonlyMap<string, number>
  readonly knownHostsFile: string
}

/**
 * Reads which nodes there are and how Ganeti reaches them, from ssconf.
 * @throws AgentError NOT_A_GANETI_NODE when there is no usable ssconf
 */
export async function readClusterNodes(dataDirectory: string): Promise<ClusterNodes> {
  const view = await readClusterView(dataDirectory)
  const read = (key: string) =>
    readFile(path.join(dataDirectory, `ssconf_${key}`), 'utf8').catch(() => '') // older Ganetis have not all of them
  const offline = (await read('offline_nodes')).split('\n').map((line) => line.trim())
  return {
    view,
    nodes: view.nodes.map(({ name }) => name),
    offline: new Set(offline.filter((name) => name !== '')),
    sshPorts: parseSshPorts(await read('ssh_ports')),
    knownHostsFile: path.join(dataDirectory, 'known_hosts'),
  }
}
