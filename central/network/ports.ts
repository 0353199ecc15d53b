import { openIntent } from '#central/effect/open-intent.js'
import { addNic, removeNic, type WantedNic } from '#central/intent/requests.js'
import { type Change, lock } from '#central/store/store.js'
import type { NetworkDeps } from './network-deps.js'
import { NetworkFault } from './network-fault.js'
import { ganetiNameOf, type NetworkRow, requireNetwork, type Viewer } from './networks.js'
import { addressOf, createPort, leaveServer, type PortRow } from './port-rows.js'
import { realiseNetwork } from './realise-network.js'

/** A server whose ports change. */
export interface PortServer {
  readonly id: number
  readonly projectId: string
  readonly userId: string
  readonly backendId: number
}

/** What somebody wants a server to be connected to: a network, perhaps with this address of it, or a port that there is. */
export interface WantedPort {
  readonly networkId?: number
  readonly fixedIp?: string
  readonly portId?: number
}

/** A port that was promised to a server. */
export interface OpenedPort {
  readonly portId: number
  readonly nic: WantedNic
  /** Intents whose jobs go before the one that makes the NIC. */
  readonly afterIntents: readonly number[]
}

/**
 * Makes the ports of a new server.
 * @param wanted undefined: the configured default networks; the forced ones come beside in any case
 * @param viewer who asks; absent: the server's project
 * @throws NetworkFault when one cannot be had; nothing of the change may be committed then
 */
export async function openPorts(
  tx: Change,
  deps: NetworkDeps,
  {
    server,
    wanted,
    viewer = { projectId: server.projectId, isAdmin: false },
  }: {
    readonly server: PortServer
    readonly wanted: readonly WantedPort[] | undefined
    readonly viewer?: Viewer
  },
): Promise<readonly OpenedPort[]> {
  const idsOf = (texts: readonly string[]) => texts.map((id) => ({ networkId: Number(id) }))
  const asked: readonly WantedPort[] = wanted ?? idsOf(deps.network.default_networks)
  const forced = idsOf(deps.network.forced_networks).filter(
    ({ networkId }) => !asked.some((one) => one.networkId === networkId),
  )
  const opened: OpenedPort[] = []
  for (const one of asked) opened.push(await openPort(tx, deps, { server, wanted: one, viewer }))
  const all = { ...viewer, isAdmin: true }
  for (const one of forced) {
    opened.push(await openPort(tx, deps, { server, wanted: one, viewer: all }))
  }
  return opened
}

async function openPort(
  tx: Change,
  deps: NetworkDeps,
  {
    server,
    wanted,
    viewer,
  }: { readonly server: PortServer; readonly wanted: WantedPort; readonly viewer: Viewer },
): Promise<OpenedPort> {
  const { port, ip, network } =
    wanted.portId === undefined
      ? await makePort(tx, deps, { server, wanted, viewer })
      : await bindPort(tx, deps, { server, portId: wanted.portId, viewer })
  const name = ganetiNameOf(deps.names, network)
  if (name === undefined) {
    throw new NetworkFault('BadRequest', `network ${network.id} is none of Ganeti’s`)
  }
  const afterIntents = await realiseNetwork(tx, deps, { network, backendId: server.backendId })
  return { portId: port.id, nic: { name: port.nic_name, network: name, ip }, afterIntents }
}

async function makePort(
  tx: Change,
  deps: NetworkDeps,
  {
    server,
    wanted: { networkId, fixedIp },
    viewer,
  }: { readonly server: PortServer; readonly wanted: WantedPort; readonly viewer: Viewer },
): Promise<{ readonly port: PortRow; readonly ip: string | null; readonly network: NetworkRow }> {
  if (networkId === undefined) throw new NetworkFault('BadRequest', 'give a network or a port')
  const network = await requireNetwork(tx, deps, { networkId, viewer })
  const { projectId, userId } = server
  const made = await createPort(tx, deps, {
    ...{ network, projectId, userId, serverId: server.id },
    ...(fixedIp === undefined ? {} : { fixedIp }),
  })
  return { ...made, network }
}

async function bindPort(
  tx: Change,
  deps: NetworkDeps,
  {
    server,
    portId,
    viewer,
  }: { readonly server: PortServer; readonly portId: number; readonly viewer: Viewer },
): Promise<{ readonly port: PortRow; readonly ip: string | null; readonly network: NetworkRow }> {
  const port = await requirePort(tx, deps, { portId, viewer })
  if (port.server_id !== null) {
    throw new NetworkFault('PortInUse', `port ${portId} belongs to server ${port.server_id}`)
  }
  const network = await requireNetwork(tx, deps, {
    networkId: port.network_id,
    viewer: { ...viewer, isAdmin: true },
  })
  await tx
    .updateTable('ports')
    .set({ server_id: server.id, state: 'BUILD', is_leaving: 0, updated_ms: deps.nowMs })
    .where('id', '=', portId)
    .execute()
  return { port, ip: await addressOf(tx, portId), network }
}

/**
 * A port of the viewer's, locked.
 * @throws NetworkFault PortNotFound
 */
export async function requirePort(
  tx: Change,
  deps: Pick<NetworkDeps, 'engine'>,
  { portId, viewer }: { readonly portId: number; readonly viewer: Viewer },
): Promise<PortRow> {
  const query = tx.selectFrom('ports').selectAll().where('id', '=', portId)
  const row = await lock(query, deps).executeTakeFirst()
  if (row === undefined || (!viewer.isAdmin && row.project_id !== viewer.projectId)) {
    throw new NetworkFault('PortNotFound', `there is no port ${portId}`)
  }
  return row
}

/** Connects a server to one thing more, at once when it runs. The caller notes the intent as the server's task. */
export async function connectPort(
  tx: Change,
  deps: NetworkDeps,
  {
    server,
    wanted,
    viewer = { projectId: server.projectId, isAdmin: false },
  }: {
    readonly server: PortServer & { readonly instanceName: string }
    readonly wanted: WantedPort
    readonly viewer?: Viewer
  },
): Promise<{ readonly portId: number; readonly intentId: number }> {
  const { portId, nic, afterIntents } = await openPort(tx, deps, { server, wanted, viewer })
  const intentId = await openIntent(tx, deps, {
    kind: 'connect',
    ...{ backendId: server.backendId, serverId: server.id, portId },
    request: addNic(server.instanceName, { nic }),
    after: afterIntents,
  })
  return { portId, intentId }
}

/**
 * Takes a port off its server. The port is there until Ganeti says that its NIC is not; the caller notes the intent as the
 * server's task.
 */
export async function disconnectPort(
  tx: Change,
  deps: NetworkDeps,
  {
    server,
    port,
  }: {
    readonly server: Pick<PortServer, 'id' | 'backendId'> & { readonly instanceName: string }
    readonly port: PortRow
  },
): Promise<{ readonly intentId: number }> {
  await tx
    .updateTable('ports')
    .set({ is_leaving: 1, updated_ms: deps.nowMs })
    .where('id', '=', port.id)
    .execute()
  const name = port.nic_name === '' ? (port.nic_uuid ?? String(port.nic_index ?? 0)) : port.nic_name
  const intentId = await openIntent(tx, deps, {
    kind: 'disconnect',
    ...{ backendId: server.backendId, serverId: server.id, portId: port.id },
    request: removeNic(server.instanceName, name),
  })
  return { intentId }
}

/** Takes all ports off a server that is gone. */
export async function closePorts(
  tx: Change,
  deps: Pick<NetworkDeps, 'nowMs'>,
  { serverId }: { readonly serverId: number },
): Promise<void> {
  const ports = await tx
    .selectFrom('ports')
    .select(['id', 'is_kept'])
    .where('server_id', '=', serverId)
    .execute()
  for (const port of ports) await leaveServer(tx, deps, port)
}
