import type { FastifyInstance } from 'fastify'
import { bases } from '#central/api/area.js'
import type { Context } from '#central/api/context.js'
import { publicUrl } from '#central/api/public-url.js'
import { answers } from '#central/api/routes.js'
import { NetworkFault } from '#central/network/network-fault.js'

const tags = ['networks']

/** What of Neutron's extensions there is; clients ask before they use one. */
const extensions: Readonly<Record<string, readonly [name: string, description: string]>> = {
  external: ['Neutron external network', 'Networks that give floating addresses'],
  router: ['Floating addresses', 'Floating addresses, each a NIC of its own; no routers'],
  quotas: ['Quota management', 'Quotas of networks, ports and floating addresses'],
  quota_details: ['Quota details', 'What a project has of them'],
  pagination: ['Pagination', 'limit and marker'],
  sorting: ['Sorting', 'sort_key and sort_dir'],
  'filter-validation': ['Filters that are not known are refused', 'With 400'],
  'project-id': ['project_id', 'Projects are called so'],
}

/** The service's own document, and its extensions. */
export function extensionRoutes(app: FastifyInstance, { config }: Context): void {
  app.get(
    bases.network,
    {
      config: { access: 'anyone' },
      schema: { tags, summary: 'What there is', ...answers(200, '`{"resources": [..]}`') },
    },
    async (request) => ({
      resources: ['networks', 'subnets', 'ports', 'floatingips', 'quotas', 'extensions'].map(
        (name) => ({
          ...{ name, collection: name },
          links: [{ rel: 'self', href: `${publicUrl(config, request)}${bases.network}/${name}` }],
        }),
      ),
    }),
  )
  app.get(
    `${bases.network}/extensions`,
    { schema: { tags, summary: 'Extensions', ...answers(200, '`{"extensions": [..]}`') } },
    async () => ({ extensions: Object.keys(extensions).map(viewOf) }),
  )
  app.get<{ Params: { readonly alias: string } }>(
    `${bases.network}/extensions/:alias`,
    { schema: { tags, summary: 'One of them', ...answers(200, '`{"extension": {..}}`') } },
    async ({ params: { alias } }) => {
      if (!Object.hasOwn(extensions, alias)) {
        throw new NetworkFault('HTTPNotFound', `there is no extension ${alias}`)
      }
      return { extension: viewOf(alias) }
    },
  )
}

function viewOf(alias: string) {
  const [name, description] = extensions[alias] ?? [alias, '']
  return { alias, name, description, links: [], updated: '2026-11-30T00:00:00Z' }
}
