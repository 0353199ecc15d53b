import { Fault } from '#central/api/fault.js'
import { networkDeps } from '#central/network/network-deps.js'
import type { PortRow } from '#central/network/port-rows.js'
import { connectPort, disconnectPort, type WantedPort } from '#central/network/ports.js'
import type { Change } from '#central/store/store.js'
import type { ServerRoom, ServerRow } from './server-room.js'
import { lockIdle, noteTask, type Wish } from './task.js'

/** Powers in which a server's ports may change. */
const powers = ['STARTED', 'STOPPED'] as const

/** Connects a server to one thing more. @returns the number of its port */
export async function connectServer(
  tx: Change,
  room: ServerRoom,
  { wanted, ...wish }: Wish & { readonly wanted: WantedPort },
): Promise<number> {
  const row = await lockIdle(tx, { room, wish, action: 'attach_interface', powers })
  const server = { ...addressOf(row), projectId: row.project_id, userId: row.user_id }
  const { portId, intentId } = await connectPort(tx, networkDeps(room), {
    server,
    wanted,
    viewer: { projectId: row.project_id, isAdmin: wish.caller.isAdmin },
  })
  await noteTask(tx, { room, row, task: 'CONNECT', intentId })
  return portId
}

/** Takes a port off a server. @throws Fault 404 when it has none such */
export async function disconnectServer(
  tx: Change,
  room: ServerRoom,
  { find, ...wish }: Wish & { readonly find: PortQuestion },
): Promise<void> {
  const row = await lockIdle(tx, { room, wish, action: 'detach_interface', powers })
  const port = await findPort(tx, row, find)
  const server = addressOf(row)
  const { intentId } = await disconnectPort(tx, networkDeps(room), { server, port })
  await noteTask(tx, { room, row, task: 'DISCONNECT', intentId })
}

/** Connects a server by one of its project's floating addresses. @throws Fault 404 */
export async function addFloatingIp(
  tx: Change,
  room: ServerRoom,
  { address, ...wish }: Wish & { readonly address: string },
): Promise<void> {
  const row = await lockIdle(tx, { room, wish, action: 'add_floating_ip', powers })
  const floating = await tx
    .selectFrom('floating_ips')
    .select(['network_id', 'port_id'])
    .where('address', '=', address)
    .where('project_id', '=', row.project_id)
    .executeTakeFirst()
  if (floating === undefined) throw new Fault('itemNotFound', 'floating IP not found')
  if (floating.port_id !== null) {
    throw new Fault('badRequest', 'floating IP is already associated: take it off its server first')
  }
  await connectServer(tx, room, {
    ...wish,
    wanted: { networkId: floating.network_id, fixedIp: address },
  })
}

/** Which of a server's ports is meant. */
export type PortQuestion =
  | { readonly portId: string }
  | { readonly address: string; readonly isFloating: boolean }

/** A port of a server. @throws Fault 404 */
export async function findPort(
  tx: Change,
  { id }: Pick<ServerRow, 'id'>,
  question: PortQuestion,
): Promise<PortRow> {
  const all = tx.selectFrom('ports').selectAll('ports').where('ports.server_id', '=', id)
  const row =
    'portId' in question
      ? await all.where('ports.id', '=', numberOf(question.portId)).executeTakeFirst()
      : await all
          .innerJoin('addresses', 'addresses.port_id', 'ports.id')
          .where('addresses.address', '=', question.address)
          .where('addresses.floating_ip_id', question.isFloating ? 'is not' : 'is', null)
          .executeTakeFirst()
  if (row === undefined) throw new Fault('itemNotFound', 'this server has no such port or address')
  return row
}

function numberOf(id: string): number {
  return /^[1-9]\d{0,14}$/.test(id) ? Number(id) : -1
}

function addressOf({ id, backend_id: backendId, instance_name: instanceName }: ServerRow) {
  return { id, backendId, instanceName }
}
