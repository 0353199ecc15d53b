import type { Row } from '#central/store/schema.js'
import type { NetworkState } from '#central/store/tables/network.js'
import { isFinal } from '#ganeti/status.js'
import type { NetworkReport } from './report.js'

/** What messages decide of a network in a cluster. */
export type BackendNetworkState = Readonly<Pick<Row<'backend_networks'>, 'state' | 'stamp'>>

/** What an op that succeeded leaves (B.5); of others the state stays. */
const states: Readonly<Record<string, NetworkState>> = {
  OP_NETWORK_ADD: 'PENDING',
  OP_NETWORK_CONNECT: 'ACTIVE',
  OP_NETWORK_DISCONNECT: 'PENDING',
  OP_NETWORK_REMOVE: 'DELETED',
}

/** What the end of an op says of a network in its cluster; undefined when nothing. */
function stateOf({ operation, status, errorCode }: NetworkReport): NetworkState | undefined {
  if (status === 'success') return states[operation]
  if (operation === 'OP_NETWORK_ADD') return errorCode === 'already_exists' ? undefined : 'ERROR'
  if (operation === 'OP_NETWORK_REMOVE' && errorCode === 'unknown_entity') return 'DELETED'
  return undefined
}

/**
 * What a network is in a cluster after a message about it: the end that Ganeti brought about last counts, and a failed making less
 * than anything that succeeded, as with servers; but a removal is not for good, it may be made there again. One connected group makes it active. @returns the same state when nothing is new
 */
export function applyNetworkReport(
  state: BackendNetworkState,
  report: NetworkReport,
): BackendNetworkState {
  if (!isFinal(report.status) || report.isDryRun) return state
  const told = stateOf(report)
  if (told === undefined) return state
  const rank = (one: NetworkState) => (one === 'ERROR' ? 0 : 1)
  const known = state.stamp === '' ? -1 : rank(state.state)
  const isNews = rank(told) > known || (rank(told) === known && report.stamp > state.stamp)
  return isNews ? { state: told, stamp: report.stamp } : state
}

/**
 * What a network is as a whole. That an administrator removed it from every cluster does not delete it: only who may asked for that
 * does, and then it is gone with the last of its clusters.
 */
export function networkState(
  { state, is_deleting }: { readonly state: NetworkState; readonly is_deleting: 0 | 1 },
  inClusters: readonly NetworkState[],
): NetworkState {
  if (state === 'DELETED') return 'DELETED'
  const left = inClusters.filter((one) => one !== 'DELETED')
  if (left.length === 0) return is_deleting === 1 ? 'DELETED' : state
  if (left.includes('ACTIVE')) return 'ACTIVE'
  return left.every((one) => one === 'ERROR') ? 'ERROR' : state
}
