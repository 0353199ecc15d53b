import type { Names } from '#central/names.js'
import type { JsonObject } from '#ganeti/json-value.js'
import { stampTimeUs, wireTime } from './compare-servers.js'
import type { Action, Finding } from './finding.js'
import type { NetworksView, NetworkView, StoredNetworks } from './view.js'

/** What differs between the networks of the store and those of a cluster. */
export function compareNetworks(
  store: StoredNetworks,
  cluster: NetworksView,
  { names, groups }: { readonly names: Names; readonly groups: readonly string[] },
): readonly Finding[] {
  const there = new Map(cluster.networks.map((one) => [one.name, one]))
  const findings: Finding[] = []
  const known = new Set<string>()
  for (const row of store.networks) {
    known.add(row.name)
    if (store.pending.has(row.networkId) || cluster.busy.has(row.name)) continue
    const network = there.get(row.name)
    if (network === undefined) {
      if (row.state !== 'DELETED') findings.push(gone(row))
      continue
    }
    findings.push(...compareNetwork(row, network, groups))
  }
  for (const { name } of cluster.networks) {
    if (known.has(name) || names.networkIdOf(name) === undefined) continue
    const detail = 'a network under a name of ours that is not in the store; not touched'
    findings.push({ kind: 'orphan-network', name, detail, action: { kind: 'report' } })
  }
  return findings
}

type Known = StoredNetworks['networks'][number]

/** It is made again when a server needs it. */
function gone({ name, state, stamp }: Known): Finding {
  const body = networkBody(name, 'OP_NETWORK_REMOVE', stampTimeUs(stamp) + 1)
  return {
    kind: 'stale-network',
    name,
    detail: `${state} in the store, and not at the cluster`,
    action: { kind: 'wait', proof: stamp, later: { kind: 'tell', bodies: [body] } },
  }
}

function compareNetwork(
  { name, state, stamp }: Known,
  network: NetworkView,
  groups: readonly string[],
): readonly Finding[] {
  const findings: Finding[] = []
  const isConnected = network.groups.length > 0
  if ((state === 'ACTIVE') !== isConnected) {
    const operation = isConnected ? 'OP_NETWORK_CONNECT' : 'OP_NETWORK_DISCONNECT'
    const detail = `${state} in the store, and ${isConnected ? '' : 'not '}connected`
    findings.push({
      kind: 'unsynced-network',
      name,
      detail,
      action: tell({ network, operation, stamp }),
    })
  }
  const unconnected = groups.filter((group) => !network.groups.includes(group))
  if (isConnected && unconnected.length > 0) {
    const detail = `not connected to the node groups ${unconnected.join(', ')}`
    findings.push({ kind: 'unconnected-network', name, detail, action: { kind: 'report' } })
  }
  return findings
}

function tell({
  network,
  operation,
  stamp,
}: {
  readonly network: NetworkView
  readonly operation: string
  readonly stamp: string
}): Action {
  const knownUs = stampTimeUs(stamp)
  const isNews = network.modifiedUs > knownUs
  const timeUs = isNews ? network.modifiedUs : knownUs + 1
  const told = { kind: 'tell', bodies: [networkBody(network.name, operation, timeUs)] } as const
  return isNews ? told : { kind: 'wait', proof: String(network.modifiedUs), later: told }
}

function networkBody(network: string, operation: string, timeUs: number): JsonObject {
  return {
    type: 'ganeti-network-status',
    event_time: wireTime(timeUs),
    operation,
    status: 'success',
    jobId: 0,
    op_index: 0,
    network,
    logmsg: 'found by reconciliation',
    result: null,
  }
}
