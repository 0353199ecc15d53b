import type { FastifyInstance } from 'fastify'
import type { Kysely } from 'kysely'
import { bases } from '#central/api/area.js'
import { requireCaller } from '#central/api/caller.js'
import type { Caller, Context } from '#central/api/context.js'
import { answers } from '#central/api/routes.js'
import { NetworkFault } from '#central/network/network-fault.js'
import { canSee, requireNetwork } from '#central/network/networks.js'
import {
  createSubnet,
  deleteSubnet,
  type NewSubnet,
  type SubnetRow,
} from '#central/network/subnets.js'
import type { Database } from '#central/store/schema.js'
import { changeNetworks, type IdPath, idOf } from './network-change.js'
import { requireOwner } from './network-routes.js'
import { numbersOf, type Query, select, selectFields, wantedOf } from './neutron-list.js'
import { address, name, projectKeys, reference } from './schemas.js'
import { subnetFilters, subnetView } from './subnet-view.js'

const base = `${bases.network}/subnets`

const tags = ['networks']

interface SubnetBody {
  readonly subnet: {
    readonly network_id: string | number
    readonly cidr: string
    readonly name?: string
    readonly ip_version?: 4 | 6
    readonly gateway_ip?: string | null
    readonly enable_dhcp?: boolean
    readonly dns_nameservers?: readonly string[]
    readonly host_routes?: readonly { readonly destination: string; readonly nexthop: string }[]
    readonly allocation_pools?: readonly { readonly start: string; readonly end: string }[]
  }
}

function pairs(first: string, second: string) {
  const item = {
    ...{ type: 'object', additionalProperties: false, required: [first, second] },
    properties: { [first]: address, [second]: address },
  }
  return { type: 'array', maxItems: 32, items: item }
}

const createBody = {
  type: 'object',
  required: ['subnet'],
  properties: {
    subnet: {
      type: 'object',
      additionalProperties: false,
      required: ['network_id', 'cidr'],
      properties: {
        ...{ network_id: reference, cidr: address, name, ...projectKeys },
        ip_version: { type: 'integer', enum: [4, 6] },
        gateway_ip: { type: ['string', 'null'], maxLength: 64 },
        enable_dhcp: { type: 'boolean' },
        dns_nameservers: { type: 'array', maxItems: 16, items: address },
        host_routes: pairs('destination', 'nexthop'),
        allocation_pools: pairs('start', 'end'),
        ...{
          ipv6_address_mode: { enum: ['slaac', null] },
          ipv6_ra_mode: { enum: ['slaac', null] },
        },
        description: { const: '' },
      },
    },
  },
} as const

const renameBody = {
  type: 'object',
  required: ['subnet'],
  properties: {
    subnet: {
      type: 'object',
      additionalProperties: false,
      required: ['name'],
      properties: { name },
    },
  },
} as const

/** Subnets in Neutron's form. */
export function subnetRoutes(app: FastifyInstance, context: Context): void {
  const { store } = context
  app.get<{ Querystring: Query }>(
    base,
    { schema: { tags, summary: 'Subnets', ...answers(200, '`{"subnets": [..]}`') } },
    async (request) => {
      const found = await findSubnets(store.read, requireCaller(request), request.query)
      const views = found.map(({ row, projectId }) => subnetView(row, projectId))
      return { subnets: select(views, request.query, subnetFilters) }
    },
  )
  app.get<IdPath & { Querystring: Query }>(
    `${base}/:id`,
    { schema: { tags, summary: 'One of them', ...answers(200, '`{"subnet": {..}}`') } },
    async (request) => {
      const query = { id: String(idOf(request.params.id)) }
      const [found] = await findSubnets(store.read, requireCaller(request), query)
      if (found === undefined) throw missing()
      return { subnet: selectFields(subnetView(found.row, found.projectId), request.query) }
    },
  )
  app.post<{ Body: SubnetBody }>(
    base,
    {
      schema: {
        tags,
        summary: 'Add a subnet to a network that no cluster has yet',
        body: createBody,
        ...answers(201, '`{"subnet": {..}}`'),
      },
    },
    async (request, reply) => {
      const caller = requireCaller(request)
      const { subnet: asked } = request.body
      const [row, projectId] = await changeNetworks(context, async (tx, deps) => {
        const networkId = idOf(asked.network_id)
        const network = await requireNetwork(tx, deps, { networkId, viewer: caller })
        requireOwner(caller, network)
        const made = await createSubnet(tx, deps, { network, subnet: wantedSubnet(asked, caller) })
        return [made, network.project_id] as const
      })
      return await reply.code(201).send({ subnet: subnetView(row, projectId) })
    },
  )
  app.put<IdPath & { Body: { subnet: { name: string } } }>(
    `${base}/:id`,
    {
      schema: {
        tags,
        summary: 'Rename a subnet; what clusters know of it stays as it is',
        body: renameBody,
        ...answers(200, '`{"subnet": {..}}`'),
      },
    },
    async (request) => {
      const caller = requireCaller(request)
      const query = { id: String(idOf(request.params.id)) }
      const { name } = request.body.subnet
      const { row, projectId } = await changeNetworks(context, async (tx, { nowMs }) => {
        const [found] = await findSubnets(tx, caller, query)
        if (found === undefined) throw missing()
        requireOwner(caller, { project_id: found.projectId })
        const set = { name, updated_ms: nowMs }
        await tx.updateTable('subnets').set(set).where('id', '=', found.row.id).execute()
        return { ...found, row: { ...found.row, ...set } }
      })
      return { subnet: subnetView(row, projectId) }
    },
  )
  app.delete<IdPath>(
    `${base}/:id`,
    {
      schema: {
        tags,
        summary: 'Remove a subnet of a network that no cluster has',
        ...answers(204, 'it is gone'),
      },
    },
    async (request, reply) => {
      const caller = requireCaller(request)
      await changeNetworks(context, async (tx) => {
        const query = { id: String(idOf(request.params.id)) }
        const [found] = await findSubnets(tx, caller, query)
        if (found === undefined) throw missing()
        requireOwner(caller, { project_id: found.projectId })
        await deleteSubnet(tx, found.row)
      })
      return await reply.code(204).send()
    },
  )
}

function missing(): NetworkFault {
  return new NetworkFault('SubnetNotFound', 'there is no such subnet')
}

/** Admins may make large ones. */
function wantedSubnet(asked: SubnetBody['subnet'], { isAdmin }: Caller): NewSubnet {
  return {
    ...{ name: asked.name ?? '', cidr: asked.cidr },
    ...(asked.ip_version && { ipVersion: asked.ip_version }),
    ...(asked.gateway_ip !== undefined && { gatewayIp: asked.gateway_ip }),
    ...(asked.enable_dhcp !== undefined && { isDhcp: asked.enable_dhcp }),
    ...(asked.dns_nameservers && { dnsNameservers: asked.dns_nameservers }),
    ...(asked.host_routes && { hostRoutes: asked.host_routes }),
    ...(asked.allocation_pools?.length && { allocationPools: asked.allocation_pools }),
    ...(isAdmin && { largest: 16 }),
  }
}

async function findSubnets(
  db: Kysely<Database>,
  caller: Caller,
  query: Query,
): Promise<readonly { readonly row: SubnetRow; readonly projectId: string | null }[]> {
  let select = db
    .selectFrom('subnets')
    .innerJoin('networks', 'networks.id', 'subnets.network_id')
    .selectAll('subnets')
    .select(['networks.project_id', 'networks.is_public'])
    .select(['networks.is_deleting', 'networks.deleted_ms'])
    .orderBy('subnets.id')
  const ids = numbersOf(query, 'id')
  const networkIds = numbersOf(query, 'network_id')
  const names = wantedOf(query, 'name')
  if (ids !== undefined) select = select.where('subnets.id', 'in', ids)
  if (networkIds !== undefined) select = select.where('network_id', 'in', networkIds)
  if (names !== undefined) select = select.where('subnets.name', 'in', names)
  const rows = await select.execute()
  return rows
    .filter((row) => canSee(caller, row))
    .map((row) => ({ row, projectId: row.project_id }))
}
