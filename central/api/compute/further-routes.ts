import type { FastifyInstance } from 'fastify'
import { requireCaller } from '#central/api/caller.js'
import type { Context } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import { answers } from '#central/api/routes.js'
import { findServer } from '#central/server/find-server.js'
import type { ServerPath } from './server-change.js'

const base = '/compute/v2.1'

const updated = '2026-11-30T00:00:00Z'

/** What is served beyond Nova's core, as `GET /extensions` tells it. */
const extensions = [
  ['SNF', 'Synnefo', 'attachments, diagnostics, firewall profiles, start, shutdown, console'],
  ['os-availability-zone', 'AvailabilityZone', 'the one zone'],
  ['os-keypairs', 'Keypairs', 'public keys'],
  ['os-quota-sets', 'Quotas', 'limits of projects'],
  ['os-interface', 'AttachInterfaces', 'ports of servers'],
  ['os-consoles', 'Consoles', 'screens of servers over WebSocket'],
].map(([alias = '', name, description]) => ({
  alias,
  name,
  description,
  namespace: '',
  updated,
  links: [],
}))

const zone = {
  zoneName: 'nova',
  zoneState: { available: true },
  hosts: null,
}

/** Parts of Nova that Ganeti's own tools do, or that are not here yet. */
const missing = [
  'os-hypervisors',
  'os-services',
  'os-aggregates',
  'os-server-groups',
  'os-security-groups',
  'os-simple-tenant-usage',
] as const

/** Extensions, zones, and what says that it is not here. */
export function furtherRoutes(app: FastifyInstance, { store }: Context): void {
  const tags = ['further']
  app.get(
    `${base}/extensions`,
    { schema: { tags, summary: 'Extensions', ...answers(200, '`{"extensions": [..]}`') } },
    async () => ({ extensions }),
  )
  app.get<{ Params: { alias: string } }>(
    `${base}/extensions/:alias`,
    { schema: { tags, summary: 'An extension', ...answers(200, '`{"extension": {..}}`') } },
    async ({ params: { alias } }) => {
      const extension = extensions.find((one) => one.alias === alias)
      if (extension === undefined) throw new Fault('itemNotFound', `no extension ${alias}`)
      return { extension }
    },
  )
  for (const path of ['', '/detail']) {
    app.get(
      `${base}/os-availability-zone${path}`,
      {
        config: { access: path === '' ? 'project' : 'admin' },
        schema: {
          tags,
          summary: 'The one zone',
          ...answers(200, '`{"availabilityZoneInfo": [..]}`'),
        },
      },
      async () => ({ availabilityZoneInfo: [zone] }),
    )
  }
  for (const name of missing) {
    app.get(
      `${base}/${name}`,
      { schema: { tags, summary: 'Not here', ...answers(501, 'always') } },
      async () => {
        throw new Fault('notImplemented', `${name} is not here`)
      },
    )
  }
  for (const name of ['os-volume_attachments', 'os-security-groups', 'os-instance-actions']) {
    app.get<ServerPath>(
      `${base}/servers/:id/${name}`,
      { schema: { tags, summary: 'Not here', ...answers(501, 'for every server there is') } },
      async (request) => {
        await findServer(store.read, requireCaller(request), request.params.id)
        throw new Fault('notImplemented', `${name} is not here`)
      },
    )
  }
}
