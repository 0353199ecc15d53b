import type { FastifyInstance, FastifyRequest } from 'fastify'
import { bases } from '#central/api/area.js'
import { requireCaller } from '#central/api/caller.js'
import type { Caller, Context } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import { answers } from '#central/api/routes.js'
import { NetworkFault } from '#central/network/network-fault.js'
import { parseNetworkFlavor } from '#central/network/network-flavor.js'
import { createNetwork, requireNetwork } from '#central/network/networks.js'
import { createSubnet } from '#central/network/subnets.js'
import { connectServer, disconnectServer } from '#central/server/connect-server.js'
import { changeNetworks, type IdPath, idOf, tell } from './network-change.js'
import { deleteOne, requireOwner } from './network-routes.js'
import { address, name, reference } from './schemas.js'
import { synnefoNetworks } from './synnefo-view.js'

const base = `${bases.compute}/networks`

const tags = ['networks of Synnefo']

interface SynnefoBody {
  readonly network: {
    readonly name: string
    readonly cidr?: string
    readonly cidr6?: string
    readonly gateway?: string
    readonly gateway6?: string
    readonly type?: string
    readonly dhcp?: boolean
  }
}

type ActionBody =
  | { readonly add: { readonly serverRef: string | number } }
  | { readonly remove: { readonly attachment: string | number } }

const createBody = {
  type: 'object',
  required: ['network'],
  properties: {
    network: {
      type: 'object',
      additionalProperties: false,
      required: ['name'],
      properties: {
        ...{ name, cidr: address, cidr6: address, gateway: address, gateway6: address },
        ...{ type: { type: 'string' }, dhcp: { type: 'boolean' } },
      },
    },
  },
} as const

const actionBody = {
  type: 'object',
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: false,
  properties: {
    add: { type: 'object', required: ['serverRef'], properties: { serverRef: reference } },
    remove: { type: 'object', required: ['attachment'], properties: { attachment: reference } },
  },
} as const

const renameBody = {
  type: 'object',
  required: ['network'],
  properties: { network: { type: 'object', required: ['name'], properties: { name } } },
} as const

/** Networks in the form of Synnefo's compute API 1.1, as a part of the compute API. */
export function synnefoRoutes(app: FastifyInstance, context: Context): void {
  const { store } = context
  const list = (path: string, isDetailed: boolean, summary: string) =>
    app.get(
      path,
      { schema: { tags, summary, ...answers(200, '`{"networks": [..]}`') } },
      async (request) => ({
        networks: await synnefoNetworks(store.read, requireCaller(request), { isDetailed }),
      }),
    )
  list(base, false, 'Networks, by number and name')
  list(`${base}/detail`, true, 'Networks')
  app.get<IdPath>(
    `${base}/:id`,
    { schema: { tags, summary: 'One of them', ...answers(200, '`{"network": {..}}`') } },
    async (request) => ({ network: await viewOf(request, context, idOf(request.params.id)) }),
  )
  app.post<{ Body: SynnefoBody }>(
    base,
    {
      schema: {
        tags,
        summary: 'Make a network with its subnets',
        body: createBody,
        ...answers(202, '`{"network": {..}}`'),
      },
    },
    async (request, reply) => {
      const id = await makeNetwork(context, requireCaller(request), request.body.network)
      return await reply.code(202).send({ network: await viewOf(request, context, id) })
    },
  )
  app.put<IdPath & { Body: SynnefoBody }>(
    `${base}/:id`,
    {
      schema: {
        tags,
        summary: 'Name it otherwise',
        body: renameBody,
        ...answers(204, 'it is called so now'),
      },
    },
    async (request, reply) => {
      const caller = requireCaller(request)
      const networkId = idOf(request.params.id)
      await changeNetworks(context, async (tx, deps) => {
        const row = await requireNetwork(tx, deps, { networkId, viewer: caller })
        requireOwner(caller, row)
        const set = { name: request.body.network.name, updated_ms: deps.nowMs }
        await tx.updateTable('networks').set(set).where('id', '=', networkId).execute()
      })
      return await reply.code(204).send()
    },
  )
  app.delete<IdPath>(
    `${base}/:id`,
    { schema: { tags, summary: 'Delete a network', ...answers(204, 'it is being deleted') } },
    async (request, reply) => {
      await deleteOne(context, requireCaller(request), idOf(request.params.id))
      return await reply.code(204).send()
    },
  )
  app.post<IdPath & { Body: ActionBody }>(
    `${base}/:id/action`,
    {
      schema: {
        tags,
        summary: 'Connect a server (`add`), or disconnect one (`remove`)',
        body: actionBody,
        ...answers(202, 'it is under way'),
      },
    },
    async (request, reply) => {
      const networkId = idOf(request.params.id)
      await act(context, { caller: requireCaller(request), networkId, body: request.body })
      return await reply.code(202).send()
    },
  )
}

async function viewOf(request: FastifyRequest, { store }: Context, networkId: number) {
  const caller = requireCaller(request)
  const [view] = await synnefoNetworks(store.read, caller, { isDetailed: true, networkId })
  if (view === undefined) throw new NetworkFault('NetworkNotFound', 'there is no such network')
  return view
}

async function makeNetwork(
  context: Context,
  caller: Caller,
  wanted: SynnefoBody['network'],
): Promise<number> {
  const allowed = context.config.network.tenant_flavors
  const flavor = parseNetworkFlavor(wanted.type ?? allowed[0] ?? 'MAC_FILTERED')
  if (flavor === undefined || !(caller.isAdmin || allowed.includes(flavor))) {
    throw new Fault('badRequest', `type: wants one of ${allowed.join(', ')}`)
  }
  return await changeNetworks(context, async (tx, deps) => {
    const { projectId, userId } = caller
    const network = await createNetwork(tx, deps, { name: wanted.name, projectId, userId, flavor })
    const isDhcp = wanted.dhcp ?? true
    for (const [cidr, gatewayIp] of [
      [wanted.cidr, wanted.gateway],
      [wanted.cidr6, wanted.gateway6],
    ] as const) {
      if (cidr === undefined) continue
      // Synnefo gives a network no gateway that did not ask for one
      const subnet = { name: '', cidr, gatewayIp: gatewayIp ?? null, isDhcp }
      await createSubnet(tx, deps, { network, subnet })
    }
    const body = { id: String(network.id), name: network.name }
    await tell(tx, { projectId, kind: 'network.create', body, nowMs: deps.nowMs })
    return network.id
  })
}

async function act(
  context: Context,
  {
    caller,
    networkId,
    body,
  }: { readonly caller: Caller; readonly networkId: number; readonly body: ActionBody },
): Promise<void> {
  await changeNetworks(context, async (tx, deps) => {
    await requireNetwork(tx, deps, { networkId, viewer: caller })
    if ('add' in body) {
      const id = String(body.add.serverRef)
      await connectServer(tx, context, { caller, id, wanted: { networkId } })
      return
    }
    // Synnefo 0.13 called attachments nic-<server>-<index>
    const [, server, index] = /^nic-(\d+)-(\d+)$/.exec(String(body.remove.attachment)) ?? []
    let query = tx
      .selectFrom('ports')
      .select(['id', 'server_id'])
      .where('network_id', '=', networkId)
      .where('server_id', 'is not', null)
    query =
      server === undefined
        ? query.where('id', '=', idOf(body.remove.attachment))
        : query.where('server_id', '=', idOf(server)).where('nic_index', '=', Number(index))
    const port = await query.executeTakeFirst()
    if (port === undefined) throw new NetworkFault('PortNotFound', 'there is no such attachment')
    const find = { portId: String(port.id) }
    await disconnectServer(tx, context, { caller, id: String(port.server_id), find })
  })
}
