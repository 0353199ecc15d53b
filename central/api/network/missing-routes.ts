import { bases } from '#central/api/area.js'
import { type Missing, refuseMissing } from '#central/api/missing.js'
import type { Routes } from '#central/api/routes.js'

/** What clients of Neutron ask for and is not here. */
const missing: readonly Missing[] = [
  {
    paths: ['security-groups', 'security-groups/:id', 'security-group-rules'],
    what: 'security groups',
    instead: 'A server has a firewall profile: action firewallProfile of the compute API.',
  },
  {
    paths: ['security-groups', 'security-group-rules'],
    methods: ['POST'],
    what: 'security groups made by clients',
    instead: 'A server has a firewall profile: action firewallProfile of the compute API.',
  },
  {
    paths: ['agents', 'agents/:id'],
    access: 'admin',
    what: 'network agents',
    instead: 'okeanid status --all tells how agents and nodes are.',
  },
  {
    paths: ['routers', 'routers/:id'],
    what: 'routers',
    instead: 'Networks have the gateways of their subnets; a floating address is a NIC of its own.',
  },
  {
    paths: ['routers'],
    methods: ['POST'],
    what: 'routers made by clients',
    instead: 'Networks have the gateways of their subnets; a floating address is a NIC of its own.',
  },
  {
    paths: ['subnetpools', 'address-scopes', 'qos/policies', 'trunks'],
    what: 'subnet pools, address scopes, QoS policies and trunks',
    instead: 'There are networks, subnets, ports, floatingips and quotas.',
  },
  {
    paths: ['availability_zones'],
    what: 'zones of networks',
    instead: 'A network is made in each cluster where a server needs it.',
  },
  {
    paths: [
      'network-ip-availability',
      'network-ip-availabilities',
      'network-ip-availabilities/:id',
    ],
    access: 'admin',
    what: 'counts of free addresses',
    instead: 'okeanid-central pool list tells them.',
  },
]

/** Says of these that they are not here. */
export const missingRoutes: Routes = (app) =>
  refuseMissing(app, { tag: 'networks', base: bases.network, missing })
