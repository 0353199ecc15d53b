import type { FastifyInstance } from 'fastify'
import { requireCaller } from '#central/api/caller.js'
import type { Context } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import { answers } from '#central/api/routes.js'
import type { WantedPort } from '#central/network/ports.js'
import { connectServer, disconnectServer } from '#central/server/connect-server.js'
import { findServer } from '#central/server/find-server.js'
import { change } from './change.js'
import { type ServerPath, wishOf } from './server-change.js'

const base = '/compute/v2.1/servers/:id/os-interface'

const tags = ['servers']

interface InterfaceBody {
  readonly interfaceAttachment?: {
    readonly net_id?: string | number
    readonly port_id?: string | number
    readonly fixed_ips?: readonly { readonly ip_address: string }[]
  }
}

const id = { type: ['string', 'integer'] } as const

const createBody = {
  type: 'object',
  properties: {
    interfaceAttachment: {
      type: 'object',
      properties: {
        net_id: id,
        port_id: id,
        fixed_ips: {
          type: 'array',
          maxItems: 1,
          items: {
            type: 'object',
            required: ['ip_address'],
            properties: { ip_address: { type: 'string', maxLength: 64 } },
          },
        },
      },
    },
  },
} as const

/** Interfaces of servers, which are ports. */
export function interfaceRoutes(app: FastifyInstance, context: Context): void {
  const { store } = context

  async function interfaces(serverId: number) {
    const rows = await store.read
      .selectFrom('ports')
      .leftJoin('addresses', 'addresses.port_id', 'ports.id')
      .select(['ports.id', 'ports.network_id', 'ports.mac', 'ports.state'])
      .select(['addresses.address', 'addresses.subnet_id'])
      .where('ports.server_id', '=', serverId)
      .orderBy('ports.id')
      .execute()
    return [...new Set(rows.map((row) => row.id))].map((portId) => {
      const own = rows.filter((row) => row.id === portId)
      return {
        port_id: String(portId),
        net_id: String(own[0]?.network_id),
        mac_addr: own[0]?.mac ?? '',
        port_state: own[0]?.state ?? '',
        fixed_ips: own.flatMap(({ address, subnet_id }) =>
          address === null ? [] : [{ ip_address: address, subnet_id: String(subnet_id ?? '') }],
        ),
      }
    })
  }

  app.get<ServerPath>(
    base,
    {
      schema: {
        tags,
        summary: "A server's interfaces",
        ...answers(200, '`{"interfaceAttachments": [..]}`'),
      },
    },
    async (request) => {
      const row = await findServer(store.read, requireCaller(request), request.params.id)
      return { interfaceAttachments: await interfaces(row.id) }
    },
  )
  app.get<{ Params: { id: string; port: string } }>(
    `${base}/:port`,
    {
      schema: { tags, summary: 'One of them', ...answers(200, '`{"interfaceAttachment": {..}}`') },
    },
    async (request) => {
      const row = await findServer(store.read, requireCaller(request), request.params.id)
      const all = await interfaces(row.id)
      const found = all.find(({ port_id }) => port_id === request.params.port)
      if (found === undefined) throw new Fault('itemNotFound', 'this server has no such port')
      return { interfaceAttachment: found }
    },
  )
  app.post<ServerPath & { Body: InterfaceBody }>(
    base,
    {
      schema: {
        tags,
        summary: 'Connect a server to a network',
        body: createBody,
        ...answers(200, '`{"interfaceAttachment": {..}}`; the NIC comes when Ganeti has made it'),
      },
    },
    async (request) => {
      const wish = { ...wishOf(request), wanted: wantedPort(request.body) }
      const portId = await change(context, (tx) => connectServer(tx, context, wish))
      const all = await interfaces(Number(wish.id))
      return { interfaceAttachment: all.find(({ port_id }) => port_id === String(portId)) }
    },
  )
  app.delete<{ Params: { id: string; port: string } }>(
    `${base}/:port`,
    { schema: { tags, summary: 'Disconnect it', ...answers(202, 'it is being disconnected') } },
    async (request, reply) => {
      const find = { portId: request.params.port }
      await change(context, (tx) => disconnectServer(tx, context, { ...wishOf(request), find }))
      return await reply.code(202).send()
    },
  )
}

function wantedPort({ interfaceAttachment: wanted = {} }: InterfaceBody): WantedPort {
  const { net_id, port_id, fixed_ips } = wanted
  const fixedIp = fixed_ips?.[0]?.ip_address
  if ((net_id === undefined) === (port_id === undefined)) {
    throw new Fault('badRequest', 'interfaceAttachment wants net_id or port_id, one of them')
  }
  const number = String(net_id ?? port_id)
  if (!/^[1-9]\d{0,14}$/.test(number)) throw new Fault('itemNotFound', `there is no ${number}`)
  if (port_id !== undefined) return { portId: Number(number) }
  return { networkId: Number(number), ...(fixedIp !== undefined && { fixedIp }) }
}
