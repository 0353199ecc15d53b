import type { Stamp } from '#central/stamp.js'
import type { Change } from '#central/store/store.js'
import type { JsonObject } from '#ganeti/json-value.js'
import { setSlaacAddresses } from './addresses.js'
import { networkOfNic } from './foreign-network.js'
import type { NetworkDeps } from './network-deps.js'
import { leaveServer, type PortRow } from './port-rows.js'
import { liveStatuses } from './realise-network.js'
import { setToldAddress } from './told-address.js'
import { type ToldNic, toldNics } from './told-nic.js'

/** What following Ganeti needs to know. */
export type SyncDeps = Pick<NetworkDeps, 'names' | 'nowMs' | 'network'>

/**
 * How long a promised NIC may be missing from lists after its job is done: a list that is older than the job may come after
 * the news that it has ended.
 */
const lateMs = 10 * 60_000

/**
 * Makes a server's ports what Ganeti says that its NICs are. The caller has found that this list is newer than any before.
 *
 * NICs that are none of ours get ports; ports whose NIC is gone leave the server, unless the job that makes it is under way.
 * Addresses that somebody gave at Ganeti are taken from their pools, so that nobody gets them from us.
 * @returns whether anything changed, and addresses that another port of ours has been promised
 */
export async function syncNics(
  tx: Change,
  deps: SyncDeps,
  {
    server,
    nics,
  }: {
    readonly server: {
      readonly id: number
      readonly projectId: string
      readonly userId: string
    }
    readonly nics: readonly JsonObject[]
    /** Of the list; only for those who wonder why it counts. */
    readonly stamp: Stamp
  },
): Promise<{ readonly isChanged: boolean; readonly conflicts: readonly string[] }> {
  const left = new Map((await portsOf(tx, server.id)).map((port) => [port.id, port]))
  const conflicts: string[] = []
  let isChanged = false
  for (const nic of toldNics(nics)) {
    const known = findPort(left, nic, deps)
    if (known !== undefined) left.delete(known.id)
    const port = known ?? (await adoptPort(tx, deps, { server, nic }))
    const { hasNews, conflict } = await updatePort(tx, deps, { port, nic })
    isChanged ||= hasNews || known === undefined
    if (conflict !== undefined) conflicts.push(conflict)
  }
  for (const port of left.values()) {
    if (port.state === 'BUILD' && (await isPromised(tx, deps, { server, port }))) continue
    await leaveServer(tx, deps, port)
    isChanged = true
  }
  return { isChanged, conflicts }
}

async function portsOf(tx: Change, serverId: number): Promise<readonly PortRow[]> {
  return await tx.selectFrom('ports').selectAll().where('server_id', '=', serverId).execute()
}

/** By our own name for it, then by what Ganeti called it when we saw it first. */
function findPort(
  ports: ReadonlyMap<number, PortRow>,
  nic: ToldNic,
  { names }: SyncDeps,
): PortRow | undefined {
  const id = nic.name === undefined ? undefined : names.portIdOf(nic.name)
  const ours = id === undefined ? undefined : ports.get(id)
  if (ours !== undefined) return ours
  const all = [...ports.values()]
  return (
    all.find(({ nic_uuid: uuid }) => uuid !== null && uuid === nic.uuid) ??
    all.find(({ nic_name: name }) => name !== '' && name === nic.name) ??
    all.find(
      // Synnefo's old messages name neither; then its hardware address must do
      ({ mac }) => nic.uuid === undefined && mac !== null && mac === nic.mac,
    )
  )
}

async function adoptPort(
  tx: Change,
  deps: SyncDeps,
  {
    server,
    nic,
  }: {
    readonly server: { readonly id: number; readonly projectId: string; readonly userId: string }
    readonly nic: ToldNic
  },
): Promise<PortRow> {
  return await tx
    .insertInto('ports')
    .values({
      ...{ name: '', project_id: server.projectId, user_id: server.userId },
      ...{ network_id: await networkOfNic(tx, deps, nic), server_id: server.id },
      ...{ nic_name: nic.name ?? '', nic_uuid: nic.uuid ?? null, nic_index: nic.index },
      ...{ mac: null, state: 'ACTIVE', is_kept: 0, is_leaving: 0, firewall: null },
      ...{ leased_ms: null, created_ms: deps.nowMs, updated_ms: deps.nowMs },
    })
    .returningAll()
    .executeTakeFirstOrThrow()
}

async function updatePort(
  tx: Change,
  deps: SyncDeps,
  { port, nic }: { readonly port: PortRow; readonly nic: ToldNic },
): Promise<{ readonly hasNews: boolean; readonly conflict: string | undefined }> {
  const isMoved = nic.network !== undefined || nic.link !== undefined
  const networkId = isMoved ? await networkOfNic(tx, deps, nic) : port.network_id
  const told = {
    network_id: networkId,
    nic_uuid: nic.uuid ?? port.nic_uuid,
    nic_index: nic.index,
    mac: nic.mac ?? port.mac,
    state: 'ACTIVE' as const,
    firewall: nic.firewall,
  }
  const hasChanged = Object.entries(told).some(
    ([key, value]) => port[key as keyof PortRow] !== value,
  )
  if (hasChanged) {
    const values = { ...told, updated_ms: deps.nowMs }
    await tx.updateTable('ports').set(values).where('id', '=', port.id).execute()
  }
  const address = await setToldAddress(tx, deps, { port, networkId, ip: nic.ip })
  const isOther = told.mac !== port.mac || networkId !== port.network_id
  if (told.mac !== null && isOther) {
    await setSlaacAddresses(tx, { portId: port.id, networkId, mac: told.mac })
  }
  return { hasNews: hasChanged || address.hasNews, conflict: address.conflict }
}

/** Whether the job that makes a port's NIC is under way, or ended only just now. */
async function isPromised(
  tx: Change,
  { nowMs }: SyncDeps,
  { server, port }: { readonly server: { readonly id: number }; readonly port: PortRow },
): Promise<boolean> {
  const intent = await tx
    .selectFrom('intents')
    .select('id')
    .where('server_id', '=', server.id)
    .where((is) =>
      is.or([
        is('kind', '=', 'create-server'),
        is.and([is('kind', '=', 'connect'), is('port_id', '=', port.id)]),
      ]),
    )
    .where((is) =>
      is.or([
        is('status', 'in', liveStatuses),
        is.and([is('status', '=', 'done'), is('updated_ms', '>', nowMs - lateMs)]),
      ]),
    )
    .executeTakeFirst()
  return intent !== undefined
}
