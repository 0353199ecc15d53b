import type { FastifyInstance } from 'fastify'
import { Fault } from '#central/api/fault.js'
import { type Missing, refuseMissing } from '#central/api/missing.js'
import { answers } from '#central/api/routes.js'

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

/** What clients of Nova ask for and is not here. */
const missing: readonly Missing[] = [
  {
    paths: ['os-services'],
    access: 'admin',
    what: 'compute services',
    instead: 'okeanid status --all tells how agents and nodes are.',
  },
  {
    paths: ['os-aggregates'],
    methods: ['GET', 'POST'],
    access: 'admin',
    what: 'aggregates',
    instead: "Nodes are in Ganeti's node groups: gnt-group list.",
  },
  {
    paths: ['os-server-groups'],
    methods: ['GET', 'POST'],
    what: 'server groups',
    instead: "Ganeti's allocator chooses nodes; its exclusion tags keep instances apart.",
  },
  {
    paths: ['os-security-groups', 'servers/:id/os-security-groups'],
    what: 'security groups',
    instead: 'A server has a firewall profile: action firewallProfile.',
  },
  {
    paths: ['os-simple-tenant-usage', 'os-simple-tenant-usage/:project'],
    what: 'records of usage',
    instead: 'GET /limits tells what a project has now.',
  },
  {
    paths: ['os-migrations'],
    access: 'admin',
    what: 'records of migrations',
    instead: 'Ganeti keeps its jobs: gnt-job list.',
  },
  {
    paths: ['flavors'],
    methods: ['POST'],
    access: 'admin',
    what: 'flavors made by clients',
    instead: 'okeanid-central flavor add makes them.',
  },
  {
    paths: ['flavors/:id'],
    methods: ['PUT', 'DELETE'],
    access: 'admin',
    what: 'flavors changed by clients',
    instead: 'okeanid-central flavor remove takes one away; none is ever changed.',
  },
  {
    paths: ['flavors/:id/os-extra_specs'],
    methods: ['POST'],
    access: 'admin',
    what: 'properties of flavors that clients set',
    instead: 'The one that there is comes by okeanid-central flavor add --disk-template.',
  },
  {
    paths: ['servers/:id/os-volume_attachments'],
    methods: ['GET', 'POST'],
    what: 'volumes',
    instead: "A server has the disk of its flavor's size.",
  },
]

/** Extensions, zones, and what says that it is not here. */
export function furtherRoutes(app: FastifyInstance): void {
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
  refuseMissing(app, { tag: 'further', base, missing })
}
