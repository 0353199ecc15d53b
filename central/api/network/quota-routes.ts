import type { FastifyInstance, FastifyRequest } from 'fastify'
import { bases } from '#central/api/area.js'
import { requireAdmin, requireCaller } from '#central/api/caller.js'
import type { Context } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import { answers } from '#central/api/routes.js'
import { type NetworkResource, quotaOf, usedOf } from '#central/network/network-quota.js'
import { changeNetworks } from './network-change.js'

const base = `${bases.network}/quotas/:project`

const tags = ['networks']

/** Neutron's word for each of ours. */
const words: Readonly<Record<string, NetworkResource>> = {
  network: 'networks',
  port: 'ports',
  floatingip: 'floating_ips',
}

type QuotaPath = { readonly Params: { readonly project: string } }

const count = { type: 'integer', minimum: -1, maximum: 999_999_999 } as const

const updateBody = {
  type: 'object',
  required: ['quota'],
  properties: {
    quota: {
      type: 'object',
      additionalProperties: false,
      properties: { network: count, port: count, floatingip: count },
    },
  },
} as const

/** Quotas of networks, ports and floating addresses in Neutron's form. */
export function quotaRoutes(app: FastifyInstance, context: Context): void {
  const { store, config } = context

  async function quotas(projectId: string): Promise<Readonly<Record<string, number>>> {
    const found: Record<string, number> = {}
    for (const [word, resource] of Object.entries(words)) {
      found[word] = await quotaOf(store.read, config, { projectId, resource })
    }
    return found
  }

  app.get<QuotaPath>(
    base,
    { schema: { tags, summary: 'What a project may have', ...answers(200, '`{"quota": {..}}`') } },
    async (request) => ({ quota: await quotas(projectOf(request)) }),
  )
  app.get<QuotaPath>(
    `${base}/details.json`,
    {
      schema: { tags, summary: 'What it may have, and has', ...answers(200, '`{"quota": {..}}`') },
    },
    async (request) => {
      const projectId = projectOf(request)
      const details: Record<string, unknown> = {}
      for (const [word, limit] of Object.entries(await quotas(projectId))) {
        const resource = words[word]
        if (resource === undefined) continue
        details[word] = {
          limit,
          used: await usedOf(store.read, { projectId, resource }),
          reserved: 0,
        }
      }
      return { quota: details }
    },
  )
  app.put<QuotaPath & { Body: { readonly quota: Readonly<Record<string, number>> } }>(
    base,
    {
      config: { access: 'admin' },
      schema: {
        tags,
        summary: 'Say what a project may have',
        body: updateBody,
        ...answers(200, '`{"quota": {..}}`'),
      },
    },
    async (request) => {
      requireAdmin(request)
      const { project: projectId } = request.params
      await changeNetworks(context, async (tx) => {
        for (const [word, quota] of Object.entries(request.body.quota)) {
          const resource = words[word]
          if (resource === undefined) continue
          await tx
            .insertInto('quotas')
            .values({ project_id: projectId, resource, quota })
            .onConflict((conflict) =>
              conflict.columns(['project_id', 'resource']).doUpdateSet({ quota }),
            )
            .execute()
        }
      })
      return { quota: await quotas(projectId) }
    },
  )
}

/** The caller's own project, or any for an admin. */
function projectOf(request: FastifyRequest<QuotaPath>): string {
  const caller = requireCaller(request)
  const { project } = request.params
  if (project === caller.projectId || caller.isAdmin) return project
  throw new Fault('forbidden', 'these are not your project’s quotas')
}
