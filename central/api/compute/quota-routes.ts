import type { FastifyInstance } from 'fastify'
import { requireAdmin, requireCaller } from '#central/api/caller.js'
import type { Context } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import { answers } from '#central/api/routes.js'
import { type Amounts, limitsOf, type Resource, usageOf } from '#central/server/quota.js'

const tags = ['quotas']

const base = '/compute/v2.1/os-quota-sets'

/** Nova's names of what is limited, and one of Synnefo's kind. */
const resources = {
  instances: 'servers',
  cores: 'vcpus',
  ram: 'ram',
  key_pairs: 'keypairs',
  floating_ips: 'floating_ips',
  networks: 'networks',
  ports: 'ports',
  'SNF:disk': 'disk',
} as const satisfies Readonly<Record<string, Resource>>

type Name = keyof typeof resources

const names = Object.keys(resources) as Name[]

const limit = { type: ['integer', 'null'], minimum: -1, maximum: 1_000_000_000 } as const

const changeBody = {
  type: 'object',
  required: ['quota_set'],
  properties: {
    quota_set: {
      type: 'object',
      properties: {
        ...Object.fromEntries(names.map((name) => [name, limit])),
        force: {},
        tenant_id: {},
      },
      additionalProperties: false,
    },
  },
} as const

interface ProjectPath {
  readonly Params: { readonly project: string }
}

/** Limits of the compute API, and quotas, which admins set. */
export function quotaRoutes(app: FastifyInstance, { store, config }: Context): void {
  const schemaOf = (summary: string) => ({
    tags,
    summary,
    ...answers(200, '`{"quota_set": {..}}`'),
  })

  async function own(request: Parameters<typeof requireCaller>[0]): Promise<string> {
    const { project } = request.params as ProjectPath['Params']
    const { projectId, isAdmin } = requireCaller(request)
    if (project !== projectId && !isAdmin) {
      throw new Fault('forbidden', 'Policy does not allow this request to be performed.')
    }
    return project
  }

  app.get(
    '/compute/v2.1/limits',
    {
      schema: { tags, summary: 'Limits, and what is used', ...answers(200, '`{"limits": {..}}`') },
    },
    async (request) => {
      const { projectId } = requireCaller(request)
      const limits = await limitsOf(store.read, { config, projectId })
      const usage = await usageOf(store.read, projectId)
      return { limits: { rate: [], absolute: { ...absolute(limits, usage), ...fixed(config) } } }
    },
  )
  app.get<ProjectPath>(
    `${base}/:project`,
    { schema: schemaOf('Quotas of a project') },
    async (request) => {
      const projectId = await own(request)
      const limits = await limitsOf(store.read, { config, projectId })
      return {
        quota_set: {
          id: projectId,
          ...named((name) => limits[resources[name]]),
          ...others(config),
        },
      }
    },
  )
  app.get<ProjectPath>(
    `${base}/:project/defaults`,
    { schema: schemaOf('Quotas of a project that has none of its own') },
    async (request) => {
      const id = await own(request)
      return {
        quota_set: { id, ...named((name) => config.quota[resources[name]]), ...others(config) },
      }
    },
  )
  app.get<ProjectPath>(
    `${base}/:project/detail`,
    { schema: schemaOf('Quotas with what is used') },
    async (request) => {
      const projectId = await own(request)
      const limits = await limitsOf(store.read, { config, projectId })
      const usage = await usageOf(store.read, projectId)
      const detail = named((name) => ({
        limit: limits[resources[name]],
        in_use: usage[resources[name]],
        reserved: 0,
      }))
      return { quota_set: { id: projectId, ...detail } }
    },
  )
  app.put<ProjectPath & { Body: { quota_set: Partial<Record<Name, number | null>> } }>(
    `${base}/:project`,
    { config: { access: 'admin' }, schema: { ...schemaOf('Set quotas'), body: changeBody } },
    async (request) => {
      requireAdmin(request)
      const { project } = request.params
      const { quota_set: wanted } = request.body
      const rows = names.flatMap((name) => {
        const quota = wanted[name]
        return typeof quota === 'number'
          ? [{ project_id: project, resource: resources[name], quota }]
          : []
      })
      await store.write(async (tx) => {
        for (const row of rows) {
          await tx
            .insertInto('quotas')
            .values(row)
            .onConflict((at) =>
              at.columns(['project_id', 'resource']).doUpdateSet({ quota: row.quota }),
            )
            .execute()
        }
      })
      const limits = await limitsOf(store.read, { config, projectId: project })
      return { quota_set: { ...named((name) => limits[resources[name]]), ...others(config) } }
    },
  )
  app.delete<ProjectPath>(
    `${base}/:project`,
    {
      config: { access: 'admin' },
      schema: { tags, summary: 'Back to the defaults', ...answers(202, 'done') },
    },
    async (request, reply) => {
      requireAdmin(request)
      const { project } = request.params
      await store.write((tx) => tx.deleteFrom('quotas').where('project_id', '=', project).execute())
      return await reply.code(202).send()
    },
  )
}

function named<T>(amountOf: (name: Name) => T): Readonly<Record<string, T>> {
  return Object.fromEntries(names.map((name) => [name, amountOf(name)]))
}

/** What clients show beside: limits that are the same for all. */
function others({ servers }: Context['config']) {
  return {
    metadata_items: servers.metadata,
    injected_files: servers.personality,
    injected_file_content_bytes: servers.personality_size.bytes,
    injected_file_path_bytes: 255,
    fixed_ips: -1,
    security_groups: 0,
    security_group_rules: 0,
    server_groups: 0,
    server_group_members: 0,
  }
}

function absolute(limits: Amounts, usage: Amounts) {
  return {
    maxTotalInstances: limits.servers,
    maxTotalCores: limits.vcpus,
    maxTotalRAMSize: limits.ram,
    maxTotalKeypairs: limits.keypairs,
    maxTotalFloatingIps: limits.floating_ips,
    totalInstancesUsed: usage.servers,
    totalCoresUsed: usage.vcpus,
    totalRAMUsed: usage.ram,
    totalFloatingIpsUsed: usage.floating_ips,
  }
}

function fixed({ servers }: Context['config']) {
  return {
    maxServerMeta: servers.metadata,
    maxImageMeta: servers.metadata,
    maxPersonality: servers.personality,
    maxPersonalitySize: servers.personality_size.bytes,
    maxSecurityGroups: 0,
    maxSecurityGroupRules: 0,
    totalSecurityGroupsUsed: 0,
    maxServerGroups: 0,
    maxServerGroupMembers: 0,
    totalServerGroupsUsed: 0,
  }
}
