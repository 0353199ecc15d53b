import type { Stamp } from '#central/stamp.js'
import type { Change } from '#central/store/store.js'
import type { JsonObject } from '#ganeti/json-value.js'
import { setSlaacAddresses } from './addresses.js'
import type { NetworkDeps } from './network-deps.js'
import { type NicsAtHand, readNics } from './nics-at-hand.js'
import { leaveServer, type PortRow } from './port-rows.js'
import { liveStatuses } from './realise-network.js'
import { setToldAddress } from './told-address.js'
import { type ToldNic, toldNics } from './told-nic.js'

/** What following Ganeti needs to know. */
export type SyncDeps = Pick<NetworkDeps, 'names' | 'nowMs' | 'network'>

/** A server whose NICs were told. */
interface Server {
  readonly id: number
  readonly projectId: string
  readonly userId: string
}

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
    atHand,
  }: {
    readonly server: Server
    readonly nics: readonly JsonObject[]
    /** Of the list; only for those who wonder why it counts. */
    readonly stamp: Stamp
    /** What was read for several servers together; absent: it is read now. */
    readonly atHand?: NicsAtHand
  },
): Promise<{ readonly isChanged: boolean; readonly conflicts: readonly string[] }> {
  const there = atHand ?? (await readNics(tx, deps, [server.id]))
  const left = new Map(there.portsOf(server.id).map((port) => [port.id, port]))
  const conflicts: string[] = []
  let isChanged = false
  for (const nic of toldNics(nics)) {
    const known = findPort(left, nic, deps)
    if (known !== undefined) left.delete(known.id)
    const { hasNews, conflict } =
      known === undefined
        ? await adoptPort(tx, deps, { server, nic, there })
        : await updatePort(tx, deps, { port: known, nic, there })
    isChanged ||= hasNews
    if (conflict !== undefined) conflicts.push(conflict)
  }
  for (const port of left.values()) {
    if (port.state === 'BUILD' && (await isPromised(tx, deps, { server, port }))) continue
    await leaveServer(tx, deps, port)
    isChanged = true
  }
  return { isChanged, conflicts }
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
  { server, nic, there }: { readonly server: Server; readonly nic: ToldNic; there: NicsAtHand },
): Promise<Updated> {
  const networkId = await there.networkOf(nic)
  const port = await tx
    .insertInto('ports')
    .values({
      ...{ name: '', project_id: server.projectId, user_id: server.userId },
      ...{ network_id: networkId, server_id: server.id },
      ...{ nic_name: nic.name ?? '', nic_uuid: nic.uuid ?? null, nic_index: nic.index },
      ...{ mac: nic.mac ?? null, state: 'ACTIVE', is_kept: 0, is_leaving: 0 },
      ...{ firewall: nic.firewall, leased_ms: null },
      ...{ created_ms: deps.nowMs, updated_ms: deps.nowMs },
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  const { conflict } = await updateAddresses(tx, deps, {
    port,
    networkId,
    nic,
    isOther: true,
    there,
  })
  return { hasNews: true, conflict }
}

async function updatePort(
  tx: Change,
  deps: SyncDeps,
  { port, nic, there }: { readonly port: PortRow; readonly nic: ToldNic; there: NicsAtHand },
): Promise<Updated> {
  const isMoved = nic.network !== undefined || nic.link !== undefined
  const networkId = isMoved ? await there.networkOf(nic) : port.network_id
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
  const isOther = told.mac !== port.mac || networkId !== port.network_id
  const now = { ...port, ...told }
  const addresses = await updateAddresses(tx, deps, { port: now, networkId, nic, isOther, there })
  return { hasNews: hasChanged || addresses.hasNews, conflict: addresses.conflict }
}

/** What came of a NIC: whether anything changed, and an address that another port of ours has been promised. */
interface Updated {
  readonly hasNews: boolean
  readonly conflict: string | undefined
}

async function updateAddresses(
  tx: Change,
  deps: SyncDeps,
  {
    port,
    networkId,
    nic,
    isOther,
    there,
  }: {
    readonly port: PortRow
    readonly networkId: number
    readonly nic: ToldNic
    /** Its hardware address or its network is another. */
    readonly isOther: boolean
    readonly there: NicsAtHand
  },
): Promise<Updated> {
  const { subnets, ...network } = await there.network(networkId)
  const has = there.addressesOf(port.id)
  const has4 = has.filter(({ ip_version: version }) => version === 4)
  const subnet = subnets.find(({ ip_version: version }) => version === 4)
  const updated = await setToldAddress(tx, deps, {
    ...{ port, has: has4, ip: nic.ip },
    network: { ...network, subnet },
  })
  const isSlaac = subnets.some(({ is_slaac: flag }) => flag === 1)
  if (port.mac !== null && isOther && (isSlaac || has.length > has4.length)) {
    await setSlaacAddresses(tx, { portId: port.id, networkId, mac: port.mac })
  }
  return updated
}

/** Whether the job that makes a port's NIC is under way, or ended only just now. */
async function isPromised(
  tx: Change,
  { nowMs }: SyncDeps,
  { server, port }: { readonly server: Pick<Server, 'id'>; readonly port: PortRow },
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
