/**
 * `okeanid status --all`: how the agents of the whole cluster are, asked from the master over Ganeti's own ssh, as `gnt-cluster command`
 * would. So it needs no broker, and a node that is off or has no agent is a row like any other. Nothing is changed anywhere; a
 * node that does not answer in time costs that time and no more. Exit code 1 when a node wants a look. docs/decisions/0013.
 */
import { AgentError } from '#errors.js'
import { alignedRows } from '#service/aligned-rows.js'
import { loadConfig } from '#service/config.js'
import { printable, printLine } from '#service/log.js'
import { readClusterNodes } from '#watch/cluster-nodes.js'
import { askNodes } from './cluster-ask.js'
import { type ClusterReport, clusterReport, type NodeReport } from './cluster-report.js'
import { askRoles, nodeStatus } from './node-status.js'
import { pathsOf } from './paths.js'

/**
 * Prints how all nodes are.
 * @throws AgentError HOST_BROKEN when one wants a look, after all was printed; ROOT_NEEDED; USAGE when this is not the master
 */
export async function printStatusOfAll(
  location: { readonly file: string; readonly isRequired: boolean },
  { json, timeoutSeconds }: { readonly json?: true | undefined; readonly timeoutSeconds: number },
): Promise<void> {
  const loaded = await loadConfig(location.file, location)
  const cluster = await readClusterNodes(pathsOf(loaded.config).dataDirectory)
  const { ownNode, isMaster, masterNode, clusterName } = cluster.view
  if (!isMaster || ownNode === undefined)
    throw new AgentError(
      'USAGE',
      `status --all asks the other nodes over Ganeti’s ssh, which only the master may: run it on ${masterNode ?? 'the master'}`,
    )
  if (process.getuid?.() !== 0)
    throw new AgentError('ROOT_NEEDED', 'only root has Ganeti’s ssh keys: run it as root')
  const status = nodeStatus(loaded, await askRoles(loaded.config, '/status'))
  const own = { node: ownNode, status }
  const answers = await askNodes(cluster, own, { timeoutMs: timeoutSeconds * 1000 })
  const report = clusterReport({ cluster: clusterName, master: ownNode }, answers)
  if (json) printLine(JSON.stringify(report, null, 2))
  else for (const line of describe(report)) printLine(line)
  const wanting = report.nodes.filter(({ troubles }) => troubles.length > 0).length
  if (wanting > 0)
    throw new AgentError('HOST_BROKEN', `${wanting} of ${report.nodes.length} nodes want a look`)
}

/** A table of the nodes, and below it what is amiss, each with its cure. */
export function describe({ cluster, nodes }: ClusterReport): readonly string[] {
  const head = ['node', 'version', 'node.js', 'config', 'backlog', 'roles']
  return [
    `cluster ${printable(cluster)}, ${nodes.length} nodes`,
    ...alignedRows([head, ...nodes.map(rowOf)]),
    ...nodes.flatMap(({ node, troubles }) =>
      troubles.map(({ what, cure }) => printable(`${node}: ${what}; cure: ${cure}`)),
    ),
  ]
}

function rowOf(report: NodeReport): readonly string[] {
  const { node, isMaster, version, node_version, config, backlog, lag_seconds, roles } = report
  const age = backlog !== null && backlog > 0 ? ` (${lag_seconds} s)` : ''
  return [
    `${node}${isMaster ? ' (master)' : ''}`,
    version ?? '-',
    node_version ?? '-',
    config ?? '-',
    backlog === null ? '-' : `${backlog}${age}`,
    report.answer === 'status' ? roles.join(' ') || 'none' : report.answer,
  ]
}
