import type { FastifyInstance } from 'fastify'
import { bases } from '#central/api/area.js'
import { requireCaller } from '#central/api/caller.js'
import type { Caller, Context } from '#central/api/context.js'
import { answers } from '#central/api/routes.js'
import {
  createFloatingIp,
  deleteFloatingIp,
  type FloatingIpRow,
  requireFloatingIp,
} from '#central/network/floating-ips.js'
import { NetworkFault } from '#central/network/network-fault.js'
import { requirePort } from '#central/network/ports.js'
import { addFloatingIp, disconnectServer } from '#central/server/connect-server.js'
import type { Change } from '#central/store/store.js'
import { changeNetworks, type IdPath, idOf, ownerOf, tell } from './network-change.js'
import { numbersOf, type Query, select, selectFields, wantedOf } from './neutron-list.js'
import { floatingIpFilters, floatingIpView } from './port-view.js'
import { address, projectKeys, reference } from './schemas.js'

const base = `${bases.network}/floatingips`

const tags = ['networks']

interface FloatingIpBody {
  readonly floatingip: {
    readonly floating_network_id?: string | number
    readonly floating_ip_address?: string
    readonly port_id?: string | number | null
    readonly tenant_id?: string
    readonly project_id?: string
  }
}

const portId = { type: ['string', 'integer', 'null'], maxLength: 64 } as const

function bodyOf(properties: object) {
  const floatingip = { type: 'object', additionalProperties: false, properties }
  return { type: 'object', required: ['floatingip'], properties: { floatingip } }
}

const createBody = bodyOf({
  ...{ floating_network_id: reference, floating_ip_address: address, port_id: portId },
  ...{ ...projectKeys, description: { const: '' } },
})

const updateBody = bodyOf({ port_id: portId, fixed_ip_address: { type: ['string', 'null'] } })

/**
 * Floating addresses in Neutron's form. There is no translation: an address that is given to a port comes to that port's server, as a
 * NIC of its own.
 */
export function floatingIpRoutes(app: FastifyInstance, context: Context): void {
  app.get<{ Querystring: Query }>(
    base,
    { schema: { tags, summary: 'Floating addresses', ...answers(200, '`{"floatingips": [..]}`') } },
    async (request) => {
      const rows = await findRows(context, requireCaller(request), request.query)
      return { floatingips: select(rows.map(floatingIpView), request.query, floatingIpFilters) }
    },
  )
  app.get<IdPath & { Querystring: Query }>(
    `${base}/:id`,
    { schema: { tags, summary: 'One of them', ...answers(200, '`{"floatingip": {..}}`') } },
    async (request) => {
      const view = await viewOf(context, requireCaller(request), idOf(request.params.id))
      return { floatingip: selectFields(view, request.query) }
    },
  )
  app.post<{ Body: FloatingIpBody }>(
    base,
    {
      schema: {
        tags,
        summary: 'Take an address to keep; with port_id, for the server of that port',
        body: createBody,
        ...answers(201, '`{"floatingip": {..}}`'),
      },
    },
    async (request, reply) => {
      const caller = requireCaller(request)
      const { floatingip: asked } = request.body
      const owner = ownerOf(request, asked)
      const id = await changeNetworks(context, async (tx, deps) => {
        const networkId = asked.floating_network_id
        const row = await createFloatingIp(tx, deps, {
          ...{ viewer: owner, userId: owner.userId },
          ...(networkId !== undefined && { networkId: idOf(networkId) }),
          ...(asked.floating_ip_address !== undefined && { address: asked.floating_ip_address }),
        })
        const { nowMs } = deps
        const body = { id: String(row.id), floating_ip_address: row.address }
        await tell(tx, { projectId: row.project_id, kind: 'floatingip.create', body, nowMs })
        if (asked.port_id != null) {
          await attach(tx, { context, caller, row, portId: idOf(asked.port_id) })
        }
        return row.id
      })
      return await reply.code(201).send({ floatingip: await viewOf(context, caller, id) })
    },
  )
  app.put<IdPath & { Body: FloatingIpBody }>(
    `${base}/:id`,
    {
      schema: {
        tags,
        summary: 'Give the address to the server of a port, or with port_id null take it off',
        body: updateBody,
        ...answers(200, '`{"floatingip": {..}}`; the NIC comes and goes when Ganeti says so'),
      },
    },
    async (request) => {
      const caller = requireCaller(request)
      const id = idOf(request.params.id)
      const port = request.body.floatingip.port_id
      await changeNetworks(context, async (tx, deps) => {
        const row = await requireFloatingIp(tx, deps, { floatingIpId: id, viewer: caller })
        if (port === null) await detach(tx, { context, caller, row })
        else if (port !== undefined) await attach(tx, { context, caller, row, portId: idOf(port) })
      })
      return { floatingip: await viewOf(context, caller, id) }
    },
  )
  app.delete<IdPath>(
    `${base}/:id`,
    {
      schema: {
        tags,
        summary: 'Give an address back that no server has',
        ...answers(204, 'it is gone'),
      },
    },
    async (request, reply) => {
      const caller = requireCaller(request)
      await changeNetworks(context, async (tx, deps) => {
        const floatingIpId = idOf(request.params.id)
        const row = await requireFloatingIp(tx, deps, { floatingIpId, viewer: caller })
        await deleteFloatingIp(tx, deps, row)
        const { nowMs } = deps
        const body = { id: String(row.id), floating_ip_address: row.address }
        await tell(tx, { projectId: row.project_id, kind: 'floatingip.delete', body, nowMs })
      })
      return await reply.code(204).send()
    },
  )
}

interface Taker {
  readonly context: Context
  readonly caller: Caller
  readonly row: FloatingIpRow
}

async function attach(
  tx: Change,
  { context, caller, row, portId }: Taker & { readonly portId: number },
): Promise<void> {
  const deps = { engine: context.store.engine }
  const port = await requirePort(tx, deps, { portId, viewer: caller })
  if (row.port_id === portId) return
  if (row.port_id !== null) {
    throw new NetworkFault('FloatingIPPortAlreadyAssociated', `${row.address} is on a server`)
  }
  if (port.server_id === null) {
    throw new NetworkFault('BadRequest', `port ${portId} belongs to no server`)
  }
  await addFloatingIp(tx, context, { caller, id: String(port.server_id), address: row.address })
}

async function detach(tx: Change, { context, caller, row }: Taker): Promise<void> {
  if (row.port_id === null) return
  const port = await tx
    .selectFrom('ports')
    .select('server_id')
    .where('id', '=', row.port_id)
    .executeTakeFirst()
  const find = { portId: String(row.port_id) }
  await disconnectServer(tx, context, { caller, id: String(port?.server_id), find })
}

async function findRows(
  { store }: Context,
  caller: Caller,
  query: Query,
): Promise<readonly FloatingIpRow[]> {
  let rows = store.read.selectFrom('floating_ips').selectAll()
  if (!caller.isAdmin) rows = rows.where('project_id', '=', caller.projectId)
  const ids = numbersOf(query, 'id')
  const addresses = wantedOf(query, 'floating_ip_address')
  if (ids !== undefined) rows = rows.where('id', 'in', ids)
  if (addresses !== undefined) rows = rows.where('address', 'in', addresses)
  return await rows.orderBy('id').execute()
}

async function viewOf(context: Context, caller: Caller, id: number) {
  const [row] = await findRows(context, caller, { id: String(id) })
  if (row === undefined) {
    throw new NetworkFault('FloatingIPNotFound', 'there is no such floating address')
  }
  return floatingIpView(row)
}
