import { type Command, Option } from 'commander'
import { removeNetwork } from '#central/network/delete-network.js'
import { networkDeps } from '#central/network/network-deps.js'
import { createNetwork, requireNetwork } from '#central/network/networks.js'
import { createSubnet, type NewSubnet } from '#central/network/subnets.js'
import type { NetworkFlavor, NetworkTable } from '#central/store/tables/network.js'
import { AgentError } from '#errors.js'
import { type CentralOptions, collect, configOption, jsonOption } from './command-options.js'
import { findProject, missing } from './find.js'
import { printDone, printOne, printRows } from './print.js'
import { type Room, withRoom } from './room.js'

interface AddOptions extends CentralOptions {
  readonly flavor: NetworkFlavor
  readonly project?: string
  readonly public?: true
  readonly floating?: true
  readonly mode?: NetworkTable['mode']
  readonly link?: string
  readonly macPrefix?: string
  readonly tag?: readonly string[]
  readonly subnet?: readonly string[]
  readonly gateway?: readonly string[]
}

interface SubnetOptions extends CentralOptions {
  readonly gateway?: string
  readonly pool?: readonly string[]
  readonly dhcp: boolean
  readonly dns?: readonly string[]
  readonly name: string
}

/** Admins see and touch everything. */
const viewer = { projectId: '', isAdmin: true } as const

/** Shortest prefix of a subnet of an admin's. */
const largest = 16

/** `network …` and `subnet …` */
export function addNetworkCommands(central: Command): void {
  const network = central.command('network').description('networks')
  network
    .command('add')
    .description('make a network; clusters get it with its first port')
    .argument('<name>')
    .addOption(
      new Option('--flavor <flavor>', 'how it is made at Ganeti')
        .choices(['CUSTOM', 'IP_LESS_ROUTED', 'MAC_FILTERED', 'PHYSICAL_VLAN'])
        .makeOptionMandatory(),
    )
    .option('--project <project>', 'whose it is; without it the provider’s own')
    .option('--public', 'every project may connect to it')
    .option('--floating', 'public, and its addresses are floating ones')
    .addOption(
      new Option('--mode <mode>', 'instead of the flavor’s').choices([
        'bridged',
        'routed',
        'openvswitch',
      ]),
    )
    .option('--link <link>', 'bridge or routing table, instead of the flavor’s')
    .option('--mac-prefix <prefix>', 'five hexadecimal digits, instead of the shared ones')
    .option(
      '--tag <tag>',
      'Ganeti’s tags, instead of the flavor’s; may come more than once',
      collect,
    )
    .option('--subnet <cidr>', 'one of IPv4 and one of IPv6', collect)
    .option(
      '--gateway <address>',
      'of the subnet that it lies in; without it the first address',
      collect,
    )
    .addOption(jsonOption())
    .addOption(configOption())
    .action((name: string, options: AddOptions) =>
      withRoom(options, (room) => addNetwork(room, name, options)),
    )
  network
    .command('list')
    .description('all networks')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((options: CentralOptions) => withRoom(options, (room) => listNetworks(room, options)))
  network
    .command('show')
    .description('one network, and how it is in each cluster')
    .argument('<network>', 'number')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((id: string, options: CentralOptions) =>
      withRoom(options, (room) => showNetwork(room, id, options)),
    )
  network
    .command('remove')
    .description(
      'delete a network that has no ports, in each cluster and then here; may be said again',
    )
    .argument('<network>', 'number')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((id: string, options: CentralOptions) =>
      withRoom(options, async (room) => {
        const deps = networkDeps(room)
        const isGone = await room.store.write(async (tx) => {
          const row = await requireNetwork(tx, deps, { networkId: Number(id), viewer })
          return await removeNetwork(tx, deps, row)
        })
        const what = isGone ? 'is gone' : 'is being deleted at its clusters'
        printDone(`network ${id} ${what}`, { id, gone: isGone }, options)
      }),
    )
  central
    .command('subnet')
    .description('subnets of networks')
    .command('add')
    .description('add a subnet to a network that no cluster has yet')
    .argument('<network>', 'number')
    .argument('<cidr>')
    .option('--gateway <address>', 'none for none; without it the first address')
    .option(
      '--pool <range>',
      'addresses that are given, FIRST-LAST; may come more than once',
      collect,
    )
    .option('--no-dhcp', 'guests are told nothing')
    .option('--dns <address>', 'name server; may come more than once', collect)
    .option('--name <name>', 'what it is called', '')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((id: string, cidr: string, options: SubnetOptions) =>
      withRoom(options, (room) => addSubnet(room, { id, cidr }, options)),
    )
}

async function addNetwork(room: Room, name: string, options: AddOptions): Promise<void> {
  const { store } = room
  const project =
    options.project === undefined ? undefined : await findProject(store, options.project)
  const isPublic = options.public === true || options.floating === true
  const deps = networkDeps(room)
  const row = await store.write(async (tx) => {
    const network = await createNetwork(tx, deps, {
      ...{ name, projectId: project?.id ?? null, userId: null, flavor: options.flavor },
      ...{ isPublic, isFloatingPool: options.floating === true },
      ...(options.mode && { mode: options.mode }),
      ...(options.link !== undefined && { link: options.link }),
      ...(options.macPrefix !== undefined && { macPrefix: options.macPrefix }),
      ...(options.tag && { tags: options.tag }),
    })
    for (const cidr of options.subnet ?? []) {
      const gateway = options.gateway?.find((one) => one.includes(':') === cidr.includes(':'))
      const gatewayIp = gateway === undefined ? {} : { gatewayIp: gateway }
      await createSubnet(tx, deps, { network, subnet: { name: '', cidr, largest, ...gatewayIp } })
    }
    return network
  })
  const shown = { id: row.id, name, mode: row.mode, link: row.link, mac_prefix: row.mac_prefix }
  printDone(`network ${name}: ${row.id} (${row.mode}, ${row.link})`, shown, options)
}

async function addSubnet(
  room: Room,
  { id, cidr }: { readonly id: string; readonly cidr: string },
  options: SubnetOptions,
): Promise<void> {
  const { gateway, pool, dhcp: isDhcp, dns, name } = options
  const subnet: NewSubnet = {
    ...{ name, cidr, isDhcp, largest },
    ...(gateway !== undefined && { gatewayIp: gateway === 'none' ? null : gateway }),
    ...(pool && { allocationPools: pool.map(rangeOf) }),
    ...(dns && { dnsNameservers: dns }),
  }
  const deps = networkDeps(room)
  const row = await room.store.write(async (tx) => {
    const network = await requireNetwork(tx, deps, { networkId: Number(id), viewer })
    return await createSubnet(tx, deps, { network, subnet })
  })
  printDone(`subnet ${row.cidr}: ${row.id}`, { id: row.id, cidr: row.cidr }, options)
}

function rangeOf(text: string): { readonly start: string; readonly end: string } {
  const [start, end, ...rest] = text.split('-')
  if (start === undefined || end === undefined || rest.length > 0) {
    throw new AgentError('USAGE', `--pool ${text}: wants FIRST-LAST, 192.0.2.10-192.0.2.99`)
  }
  return { start, end }
}

async function listNetworks({ store }: Room, options: CentralOptions): Promise<void> {
  const rows = await store.read
    .selectFrom('networks')
    .selectAll()
    .where('deleted_ms', 'is', null)
    .orderBy('id')
    .execute()
  const subnets = await store.read.selectFrom('subnets').select(['network_id', 'cidr']).execute()
  const shown = rows.map((row) => ({
    ...{ id: row.id, name: row.name, flavor: row.flavor, link: row.link, project: row.project_id },
    kind: row.is_floating_pool === 1 ? 'floating' : row.is_public === 1 ? 'public' : 'private',
    state: row.is_deleting === 1 ? 'DELETING' : row.state,
    subnets: subnets
      .filter(({ network_id: networkId }) => networkId === row.id)
      .map(({ cidr }) => cidr)
      .join(', '),
  }))
  const columns = ['id', 'name', 'flavor', 'kind', 'state', 'link', 'subnets']
  printRows(shown, { ...options, columns, none: 'no network: okeanid-central network add' })
}

async function showNetwork(
  { store, names }: Room,
  id: string,
  options: CentralOptions,
): Promise<void> {
  const networkId = Number(id)
  const row = await store.read
    .selectFrom('networks')
    .selectAll()
    .where('id', '=', Number.isSafeInteger(networkId) ? networkId : 0)
    .executeTakeFirst()
  if (row === undefined) throw missing('network', id)
  const clusters = await store.read
    .selectFrom('backend_networks')
    .innerJoin('backends', 'backends.id', 'backend_networks.backend_id')
    .select(['cluster_name', 'state'])
    .where('network_id', '=', row.id)
    .execute()
  const subnets = await store.read
    .selectFrom('subnets')
    .select(['id', 'cidr', 'gateway_ip'])
    .where('network_id', '=', row.id)
    .execute()
  printOne(
    {
      ...{ id: row.id, name: row.name, ganeti_name: row.ganeti_name ?? names.network(row.id) },
      ...{ project: row.project_id, flavor: row.flavor, mode: row.mode, link: row.link },
      ...{ mac_prefix: row.mac_prefix, tags: (JSON.parse(row.tags) as string[]).join(',') },
      ...{ public: row.is_public === 1, floating: row.is_floating_pool === 1 },
      state: row.is_deleting === 1 ? 'DELETING' : row.state,
      subnets: subnets
        .map((one) => `${one.id}: ${one.cidr} by ${one.gateway_ip ?? 'none'}`)
        .join(', '),
      clusters: clusters.map((one) => `${one.cluster_name} ${one.state}`).join(', '),
    },
    options,
  )
}
