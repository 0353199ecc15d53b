import { decodeReport } from '#central/state/decode-report.js'
import type { InstanceReport, NetworkReport, Report } from '#central/state/report.js'
import type { Row } from '#central/store/schema.js'
import { type Change, lock, type Store } from '#central/store/store.js'
import { assertNever } from '#result.js'
import type { DeadReason } from './dead-letters.js'
import type { Incoming } from './incoming.js'

/** A row of `servers`. */
export type ServerRow = Row<'servers'>

/** A message that is about something of ours, and is allowed to be. */
export interface Concerning<R extends Report = Report> {
  readonly message: Incoming
  readonly report: R
  readonly backend: Row<'backends'>
}

/** Messages of a batch, by what becomes of them. */
export interface Sorted {
  readonly ofServers: readonly (Concerning<InstanceReport> & { readonly server: ServerRow })[]
  readonly ofNetworks: readonly (Concerning<NetworkReport> & { readonly networkId: number })[]
  /** Those that may end jobs, whatever they are about. */
  readonly ofJobs: readonly Concerning[]
  /** Those of clusters that are to be looked at. */
  readonly ofClusters: readonly Concerning[]
  readonly dead: readonly DeadReason[]
  /** How many of each fate, for the figures. */
  readonly counts: Readonly<Record<'other' | 'foreign' | 'refused', number>>
}

/**
 * Reads messages and finds what they are about: one query for the clusters, one for all servers, which are locked.
 *
 * What is about nothing of ours is foreign, and passed over. A message of a cluster that has a user of the broker counts only
 * when that user sent it: who may write to the exchange may say anything, but only as himself.
 */
export async function sortMessages(
  tx: Change,
  {
    store,
    networkIdOf,
    messages,
  }: {
    readonly store: Pick<Store, 'engine'>
    readonly networkIdOf: (name: string) => number | undefined
    readonly messages: readonly Incoming[]
  },
): Promise<Sorted> {
  const decoded = messages.map((message) => ({
    message,
    told: decodeReport(message.body, message.headers),
  }))
  const backends = await tx.selectFrom('backends').selectAll().execute()
  const named = decoded.flatMap(({ told }) =>
    told.ok && 'instance' in told.value.report ? [told.value.report.instance] : [],
  )
  const servers = await serversNamed(tx, { store, names: [...new Set(named)], backends })
  const ofServers: Sorted['ofServers'][number][] = []
  const ofNetworks: Sorted['ofNetworks'][number][] = []
  const ofJobs: Concerning[] = []
  const ofClusters: Concerning[] = []
  const dead: DeadReason[] = []
  const counts = { other: 0, foreign: 0, refused: 0 }
  for (const { message, told } of decoded) {
    if (!told.ok) {
      dead.push({ message, reason: told.problem })
      continue
    }
    const { cluster, report } = told.value
    const known = 'instance' in report ? servers(report.instance, cluster) : undefined
    const backend =
      cluster === undefined
        ? backends.find(({ id }) => id === known?.backend_id)
        : backends.find(({ cluster_name: name }) => name === cluster)
    if (report.kind === 'other') counts.other += 1
    else if (backend === undefined) counts.foreign += 1
    else if (backend.broker_user !== null && backend.broker_user !== message.userId)
      counts.refused += 1
    else place({ message, report, backend }, known)
  }
  return { ofServers, ofNetworks, ofJobs, ofClusters, dead, counts }

  function place(one: Concerning, server: ServerRow | undefined): void {
    const { message, report, backend } = one
    switch (report.kind) {
      case 'job':
        ofJobs.push(one)
        return
      case 'cluster':
        if (report.isDone) ofClusters.push(one)
        return
      case 'network': {
        const networkId = networkIdOf(report.network)
        if (networkId === undefined) counts.foreign += 1
        else ofNetworks.push({ message, report, backend, networkId })
        if (networkId !== undefined) ofJobs.push(one)
        return
      }
      case 'op':
      case 'nics':
      case 'guest':
      case 'lease':
      case 'progress':
      case 'diagnostic':
        if (server === undefined) counts.foreign += 1
        else {
          ofServers.push({ message, report, backend, server })
          ofJobs.push(one)
        }
        return
      case 'other':
        return
      default:
        assertNever(report)
    }
  }
}

/** Finds servers by their names at Ganeti; of several lives of one name the one that lasts, else the last. */
async function serversNamed(
  tx: Change,
  {
    store,
    names,
    backends,
  }: {
    readonly store: Pick<Store, 'engine'>
    readonly names: readonly string[]
    readonly backends: readonly Row<'backends'>[]
  },
): Promise<(name: string, cluster: string | undefined) => ServerRow | undefined> {
  if (names.length === 0 || backends.length === 0) return () => undefined
  const query = tx
    .selectFrom('servers')
    .selectAll()
    .where(
      'backend_id',
      'in',
      backends.map(({ id }) => id),
    )
    .where('instance_name', 'in', names)
    .orderBy('id')
  const rows = await lock(query, store).execute()
  const clusters = new Map(backends.map(({ id, cluster_name }) => [id, cluster_name]))
  const byName = new Map<string, ServerRow[]>()
  for (const row of rows)
    byName.set(row.instance_name, [...(byName.get(row.instance_name) ?? []), row])
  return (name, cluster) => {
    const fitting = (byName.get(name) ?? []).filter(
      ({ backend_id }) => cluster === undefined || clusters.get(backend_id) === cluster,
    )
    return fitting.find(({ deleted_ms }) => deleted_ms === null) ?? fitting.at(-1)
  }
}
