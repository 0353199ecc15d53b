import type { FastifyInstance } from 'fastify'
import { bases } from '#central/api/area.js'
import { requireCaller } from '#central/api/caller.js'
import type { Caller, Context } from '#central/api/context.js'
import { answers } from '#central/api/routes.js'
import { NetworkFault } from '#central/network/network-fault.js'
import { requireNetwork } from '#central/network/networks.js'
import { createPort, dropPort } from '#central/network/port-rows.js'
import { requirePort } from '#central/network/ports.js'
import { connectServer, disconnectServer } from '#central/server/connect-server.js'
import { changeNetworks, type IdPath, idOf, ownerOf, tell } from './network-change.js'
import { type Query, select, selectFields } from './neutron-list.js'
import { findPorts, portFilters } from './port-view.js'
import { address, name, projectKeys, reference } from './schemas.js'

const base = `${bases.network}/ports`

const tags = ['networks']

interface PortBody {
  readonly port: {
    readonly network_id: string | number
    readonly name?: string
    readonly tenant_id?: string
    readonly project_id?: string
    readonly device_id?: string
    readonly fixed_ips?: readonly { readonly ip_address?: string }[]
  }
}

const fixedIp = {
  ...{ type: 'object', additionalProperties: false },
  properties: { ip_address: address, subnet_id: reference },
} as const

function bodyOf(properties: object, required: readonly string[]) {
  const port = { type: 'object', additionalProperties: false, required, properties }
  return { type: 'object', required: ['port'], properties: { port } }
}

const createBody = bodyOf(
  {
    ...{ network_id: reference, name, ...projectKeys, admin_state_up: { const: true } },
    device_id: { type: 'string', maxLength: 64 },
    fixed_ips: { type: 'array', maxItems: 1, items: fixedIp },
    security_groups: { type: 'array', maxItems: 0 },
    'binding:vnic_type': { const: 'normal' },
    description: { const: '' },
  },
  ['network_id'],
)

/** Ports in Neutron's form. */
export function portRoutes(app: FastifyInstance, context: Context): void {
  const { store } = context
  app.get<{ Querystring: Query }>(
    base,
    { schema: { tags, summary: 'Ports', ...answers(200, '`{"ports": [..]}`') } },
    async (request) => {
      const views = await findPorts(store.read, requireCaller(request), request.query)
      return { ports: select(views, request.query, portFilters) }
    },
  )
  app.get<IdPath & { Querystring: Query }>(
    `${base}/:id`,
    { schema: { tags, summary: 'One of them', ...answers(200, '`{"port": {..}}`') } },
    async (request) => {
      const view = await viewOf(context, requireCaller(request), idOf(request.params.id))
      return { port: selectFields(view, request.query) }
    },
  )
  app.post<{ Body: PortBody }>(
    base,
    {
      schema: {
        tags,
        summary: 'Make a port, which keeps its address; with device_id connect that server',
        body: createBody,
        ...answers(201, '`{"port": {..}}`'),
      },
    },
    async (request, reply) => {
      const caller = requireCaller(request)
      const owner = ownerOf(request, request.body.port)
      const portId = await makePort(context, { caller, owner, asked: request.body.port })
      return await reply.code(201).send({ port: await viewOf(context, caller, portId) })
    },
  )
  app.put<IdPath & { Body: { readonly port: { readonly name?: string } } }>(
    `${base}/:id`,
    {
      schema: {
        tags,
        summary: 'Name it otherwise',
        body: bodyOf({ name, admin_state_up: { const: true } }, []),
        ...answers(200, '`{"port": {..}}`'),
      },
    },
    async (request) => {
      const caller = requireCaller(request)
      const portId = idOf(request.params.id)
      await changeNetworks(context, async (tx, deps) => {
        const row = await requirePort(tx, deps, { portId, viewer: caller })
        const set = { name: request.body.port.name ?? row.name, updated_ms: deps.nowMs }
        await tx.updateTable('ports').set(set).where('id', '=', portId).execute()
      })
      return { port: await viewOf(context, caller, portId) }
    },
  )
  app.delete<IdPath>(
    `${base}/:id`,
    {
      schema: {
        tags,
        summary: 'Delete a port, and take it off its server before',
        ...answers(204, 'it is gone, or will be when Ganeti says so'),
      },
    },
    async (request, reply) => {
      await deletePort(context, requireCaller(request), idOf(request.params.id))
      return await reply.code(204).send()
    },
  )
}

async function makePort(
  context: Context,
  {
    caller,
    owner,
    asked,
  }: { readonly caller: Caller; readonly owner: Caller; readonly asked: PortBody['port'] },
): Promise<number> {
  const networkId = idOf(asked.network_id)
  const address = asked.fixed_ips?.[0]?.ip_address
  const fixedIp = address === undefined ? {} : { fixedIp: address }
  return await changeNetworks(context, async (tx, deps) => {
    let portId: number
    if (asked.device_id !== undefined && asked.device_id !== '') {
      const wanted = { networkId, ...fixedIp }
      portId = await connectServer(tx, context, { caller, id: asked.device_id, wanted })
      const named = { name: asked.name ?? '' }
      await tx.updateTable('ports').set(named).where('id', '=', portId).execute()
    } else {
      const network = await requireNetwork(tx, deps, { networkId, viewer: caller })
      const { projectId, userId } = owner
      const wanted = { network, projectId, userId, serverId: null, isKept: true, ...fixedIp }
      const made = await createPort(tx, deps, { ...wanted, name: asked.name ?? '' })
      portId = made.port.id
    }
    const body = { id: String(portId), network_id: String(networkId) }
    await tell(tx, { projectId: owner.projectId, kind: 'port.create', body, nowMs: deps.nowMs })
    return portId
  })
}

/** Deletes a port. One that a server has is taken off first, and gone when Ganeti says that its NIC is. */
export async function deletePort(context: Context, caller: Caller, portId: number): Promise<void> {
  await changeNetworks(context, async (tx, deps) => {
    const row = await requirePort(tx, deps, { portId, viewer: caller })
    if (row.server_id === null) await dropPort(tx, deps, portId)
    else {
      // it was to be kept until now
      await tx.updateTable('ports').set({ is_kept: 0 }).where('id', '=', portId).execute()
      const find = { portId: String(portId) }
      await disconnectServer(tx, context, { caller, id: String(row.server_id), find })
    }
    const body = { id: String(portId), network_id: String(row.network_id) }
    await tell(tx, { projectId: row.project_id, kind: 'port.delete', body, nowMs: deps.nowMs })
  })
}

async function viewOf({ store }: Context, caller: Caller, portId: number) {
  const [view] = await findPorts(store.read, caller, { id: String(portId) })
  if (view === undefined) throw new NetworkFault('PortNotFound', 'there is no such port')
  return view
}
