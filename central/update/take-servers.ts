import type { NetworkDeps } from '#central/network/network-deps.js'
import { applyReport } from '#central/state/apply.js'
import { flavorOf } from '#central/state/flavor-of.js'
import type { InstanceReport } from '#central/state/report.js'
import { type ServerState, stateColumns } from '#central/state/server-state.js'
import type { Change } from '#central/store/store.js'
import { updateRows } from '#central/store/update-rows.js'
import { recordServerChange } from './server-event.js'
import { settleJobs } from './settle-jobs.js'
import type { Concerning, ServerRow } from './sort-messages.js'
import { takeDiagnostics } from './take-diagnostics.js'
import { takeLeases } from './take-leases.js'
import { takeNics } from './take-nics.js'
import type { UpdateDeps } from './update-deps.js'

/** A server of a batch: as it was, and as its messages made it. */
export interface ChangedServer {
  readonly before: ServerRow
  readonly after: ServerRow
  readonly nics: ServerState['nics']
}

type OfServer = Concerning<InstanceReport> & { readonly server: ServerRow }

/**
 * Takes what messages tell of servers, ends the intents whose jobs they end, and records what clients can see of that. In this
 * order: a server's state and the end of what was asked of it become visible at once.
 * @returns addresses that Ganeti gave and we had promised to others
 */
export async function takeServers(
  tx: Change,
  {
    deps,
    network,
    nowMs,
    ofServers,
    ofJobs,
  }: {
    readonly deps: UpdateDeps
    readonly network: NetworkDeps
    readonly nowMs: number
    readonly ofServers: readonly OfServer[]
    readonly ofJobs: readonly Concerning[]
  },
): Promise<{ readonly conflicts: readonly string[] }> {
  const changed = await withFlavors(tx, fold(ofServers, nowMs))
  await updateRows(tx, deps.store, {
    table: 'servers',
    columns: { ...stateColumns, flavor_id: 'text', updated_ms: 'number' },
    rows: changed.map(({ after }) => writable({ ...after, updated_ms: nowMs })),
  })
  await takeDiagnostics(tx, { ofServers, nowMs })
  const { changedIds, conflicts } = await takeNics(tx, { network, changed })
  const leasedIds = await takeLeases(tx, { ofServers, changed })
  const settled = await settleJobs(tx, { deps, ofJobs, nowMs })
  const before = new Map(
    [...settled, ...changed.map((one) => one.before)].map((row) => [row.id, row]),
  )
  for (const { server } of ofServers)
    if (leasedIds.has(server.id)) before.set(server.id, before.get(server.id) ?? server)
  if (before.size === 0) return { conflicts }
  const rows = await tx
    .selectFrom('servers')
    .selectAll()
    .where('id', 'in', [...before.keys()])
    .orderBy('id')
    .execute()
  for (const after of rows) {
    const known = before.get(after.id)
    const hasOtherPorts = changedIds.has(after.id) || leasedIds.has(after.id)
    if (known === undefined) continue
    await recordServerChange(tx, { before: known, after, hasOtherPorts, nowMs })
  }
  return { conflicts }
}

/** What the messages make of each server, one after the other; servers that stay as they are are left out. */
function fold(ofServers: readonly OfServer[], nowMs: number): readonly ChangedServer[] {
  const servers = new Map<number, { readonly before: ServerRow; state: ServerState }>()
  for (const { server, report } of ofServers) {
    if (report.kind === 'lease' || report.kind === 'diagnostic') continue
    const known = servers.get(server.id)
    const state = known?.state ?? { ...server, nics: undefined }
    const next = applyReport(state, report, nowMs)
    if (known === undefined) servers.set(server.id, { before: server, state: next })
    else known.state = next
  }
  return [...servers.values()].flatMap(({ before, state: { nics, ...state } }) => {
    const after = { ...before, ...state }
    const names = Object.keys(stateColumns) as (keyof typeof stateColumns)[]
    return names.every((name) => after[name] === before[name]) ? [] : [{ before, after, nics }]
  })
}

/** Gives servers whose processors or memory changed the flavor that fits. */
async function withFlavors(
  tx: Change,
  changed: readonly ChangedServer[],
): Promise<readonly ChangedServer[]> {
  const isResized = ({ before, after }: ChangedServer) =>
    before.vcpus_stamp !== after.vcpus_stamp || before.ram_stamp !== after.ram_stamp
  if (!changed.some(isResized)) return changed
  const flavors = await tx
    .selectFrom('flavors')
    .select(['id', 'vcpus', 'ram_mib', 'disk_gib', 'disk_template'])
    .where('deleted_ms', 'is', null)
    .orderBy('id')
    .execute()
  return changed.map((one) => {
    if (!isResized(one)) return one
    const { flavor_id: flavorId, vcpus, ram_mib: ramMib } = one.after
    const after = { ...one.after, flavor_id: flavorOf(flavors, { flavorId, vcpus, ramMib }) }
    return { ...one, after }
  })
}

/** The columns that are written, and the number. */
function writable(
  row: ServerRow,
): { readonly id: number } & Record<string, string | number | null> {
  return { ...row }
}
