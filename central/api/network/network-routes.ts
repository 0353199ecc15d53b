import type { FastifyInstance } from 'fastify'
import { bases } from '#central/api/area.js'
import { requireCaller } from '#central/api/caller.js'
import type { Caller, Context } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import { answers } from '#central/api/routes.js'
import { removeNetwork } from '#central/network/delete-network.js'
import { NetworkFault } from '#central/network/network-fault.js'
import { parseNetworkFlavor } from '#central/network/network-flavor.js'
import { createNetwork, requireNetwork, type WantedNetwork } from '#central/network/networks.js'
import { changeNetworks, type IdPath, idOf, ownerOf, tell } from './network-change.js'
import { findNetworks, networkFilters, networkView } from './network-view.js'
import { type Query, select, selectFields } from './neutron-list.js'
import { name, projectKeys } from './schemas.js'

const base = `${bases.network}/networks`

const tags = ['networks']

interface NetworkBody {
  readonly network: {
    readonly name?: string
    readonly tenant_id?: string
    readonly project_id?: string
    readonly 'router:external'?: boolean
    readonly shared?: boolean
    readonly 'SNF:type'?: string
    readonly type?: string
  }
}

function bodyOf(properties: object) {
  return {
    type: 'object',
    required: ['network'],
    properties: { network: { type: 'object', additionalProperties: false, properties } },
  }
}

const createBody = bodyOf({
  ...{ name, ...projectKeys, admin_state_up: { const: true }, description: { const: '' } },
  ...{ 'router:external': { type: 'boolean' }, shared: { type: 'boolean' } },
  ...{ type: { type: 'string' }, 'SNF:type': { type: 'string' } },
})

/** Networks in Neutron's form. */
export function networkRoutes(app: FastifyInstance, context: Context): void {
  const { store, config } = context
  app.get<{ Querystring: Query }>(
    base,
    { schema: { tags, summary: 'Networks', ...answers(200, '`{"networks": [..]}`') } },
    async (request) => {
      const found = await findNetworks(store.read, requireCaller(request), request.query)
      const views = found.map(({ row, subnetIds }) => networkView(row, subnetIds))
      return { networks: select(views, request.query, networkFilters) }
    },
  )
  app.get<IdPath & { Querystring: Query }>(
    `${base}/:id`,
    { schema: { tags, summary: 'One of them', ...answers(200, '`{"network": {..}}`') } },
    async (request) => {
      const view = await viewOf(context, requireCaller(request), idOf(request.params.id))
      return { network: selectFields(view, request.query) }
    },
  )
  app.post<{ Body: NetworkBody }>(
    base,
    {
      schema: {
        tags,
        summary: 'Make a network; clusters get it with its first port',
        body: createBody,
        ...answers(201, '`{"network": {..}}`'),
      },
    },
    async (request, reply) => {
      const caller = requireCaller(request)
      const owner = ownerOf(request, request.body.network)
      const wanted = wantedOf(request.body.network, { caller, owner, config })
      const row = await changeNetworks(context, async (tx, deps) => {
        const made = await createNetwork(tx, deps, wanted)
        const body = { id: String(made.id), name: made.name }
        const { nowMs } = deps
        await tell(tx, { projectId: made.project_id, kind: 'network.create', body, nowMs })
        return made
      })
      return await reply.code(201).send({ network: networkView(row, []) })
    },
  )
  app.put<IdPath & { Body: { readonly network: { readonly name?: string } } }>(
    `${base}/:id`,
    {
      schema: {
        tags,
        summary: 'Name it otherwise',
        body: bodyOf({ name, admin_state_up: { const: true } }),
        ...answers(200, '`{"network": {..}}`'),
      },
    },
    async (request) => {
      const caller = requireCaller(request)
      const networkId = idOf(request.params.id)
      await changeNetworks(context, async (tx, deps) => {
        const row = await requireNetwork(tx, deps, { networkId, viewer: caller })
        requireOwner(caller, row)
        const set = { name: request.body.network.name ?? row.name, updated_ms: deps.nowMs }
        await tx.updateTable('networks').set(set).where('id', '=', networkId).execute()
      })
      return { network: await viewOf(context, caller, networkId) }
    },
  )
  app.delete<IdPath>(
    `${base}/:id`,
    {
      schema: {
        tags,
        summary: 'Delete a network that has no ports and no floating addresses',
        ...answers(204, 'it is being deleted'),
      },
    },
    async (request, reply) => {
      await deleteOne(context, requireCaller(request), idOf(request.params.id))
      return await reply.code(204).send()
    },
  )
}

/** Deletes a network of the caller's. @throws NetworkFault NetworkNotFound, NotAuthorized, NetworkInUse */
export async function deleteOne(
  context: Context,
  caller: Caller,
  networkId: number,
): Promise<void> {
  await changeNetworks(context, async (tx, deps) => {
    const row = await requireNetwork(tx, deps, { networkId, viewer: caller })
    requireOwner(caller, row)
    await removeNetwork(tx, deps, row)
    const { nowMs } = deps
    const body = { id: String(row.id), name: row.name }
    await tell(tx, { projectId: row.project_id, kind: 'network.delete', body, nowMs })
  })
}

/** @throws NetworkFault NotAuthorized when the network is not the caller's to change */
export function requireOwner(caller: Caller, row: { readonly project_id: string | null }): void {
  if (caller.isAdmin || row.project_id === caller.projectId) return
  throw new NetworkFault('NotAuthorized', 'this network is not your project’s')
}

async function viewOf({ store }: Context, caller: Caller, networkId: number) {
  const [found] = await findNetworks(store.read, caller, { id: String(networkId) })
  if (found === undefined) throw new NetworkFault('NetworkNotFound', 'there is no such network')
  return networkView(found.row, found.subnetIds)
}

function wantedOf(
  network: NetworkBody['network'],
  {
    caller,
    owner,
    config,
  }: { readonly caller: Caller; readonly owner: Caller } & Pick<Context, 'config'>,
): WantedNetwork {
  const isFloatingPool = network['router:external'] === true
  const isPublic = isFloatingPool || network.shared === true
  if (isPublic && !caller.isAdmin) {
    throw new Fault('forbidden', 'only admins make shared and external networks')
  }
  const allowed = config.network.tenant_flavors
  const word = network['SNF:type'] ?? network.type ?? allowed[0] ?? 'MAC_FILTERED'
  const flavor = parseNetworkFlavor(word)
  if (flavor === undefined || !(caller.isAdmin || allowed.includes(flavor))) {
    throw new NetworkFault('InvalidInput', `type: wants one of ${allowed.join(', ')}`)
  }
  return {
    name: network.name ?? '',
    projectId: isPublic ? null : owner.projectId,
    userId: isPublic ? null : owner.userId,
    ...{ flavor, isPublic, isFloatingPool },
  }
}
