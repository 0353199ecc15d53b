import type { Command } from 'commander'
import { openClients } from '#central/effect/clients.js'
import { clientTiming } from '#central/effect/effect-path.js'
import { inspectCluster } from '#central/effect/inspect-cluster.js'
import type { Row } from '#central/store/schema.js'
import { AgentError } from '#errors.js'
import { type CentralOptions, collect, configOption, jsonOption } from './command-options.js'
import { findCluster } from './find.js'
import { printDone, printOne, printRows } from './print.js'
import { rapiUrl, readPem } from './rapi-address.js'
import { readSecret } from './read-secret.js'
import { type Room, withRoom } from './room.js'

/** Clusters that MAC prefixes have digits for. */
const clusterCount = 16

interface AddOptions extends CentralOptions {
  readonly rapi: readonly string[]
  readonly user: string
  readonly passwordFile?: string
  readonly ca: string
  readonly brokerUser?: string
  readonly drained?: true
  readonly check: boolean
}

interface ModifyOptions extends CentralOptions {
  readonly rapi?: readonly string[]
  readonly user?: string
  readonly passwordFile?: string
  readonly ca?: string
  readonly brokerUser?: string
  readonly drained?: boolean
  readonly offline?: boolean
}

/** `cluster …` */
export function addClusterCommands(cluster: Command): void {
  const rapi = 'https://HOST:5080 of a node that is or may become master; may come more than once'
  const password = 'file with RAPI’s password, - for standard input; without it you are asked'
  cluster
    .command('add')
    .description('take a cluster in; its RAPI is asked first')
    .argument('<name>', 'as the cluster calls itself: gnt-cluster info')
    .requiredOption('--rapi <url>', rapi, collect)
    .option('--user <user>', 'RAPI’s user, with the right to write', 'okeanid')
    .option('--password-file <file>', password)
    .requiredOption(
      '--ca <file>',
      'PEM file of its certificate: /var/lib/ganeti/rapi.pem’s, without the key',
    )
    .option('--broker-user <user>', 'only messages of this broker user are believed to be of it')
    .option('--drained', 'it takes no servers yet')
    .option('--no-check', 'do not ask its RAPI')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((name: string, options: AddOptions) =>
      withRoom(options, (room) => addCluster(room, name, options)),
    )
  cluster
    .command('list')
    .description('all clusters with what they have to spare')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((options: CentralOptions) =>
      withRoom(options, async ({ store }) => {
        const rows = await store.read.selectFrom('backends').selectAll().orderBy('id').execute()
        const columns = [
          'id',
          'name',
          'state',
          'nodes',
          'instances',
          'memory_free',
          'disk_free',
          'ganeti',
        ]
        const none = 'no cluster: okeanid-central cluster add'
        printRows(rows.map(shownCluster), { ...options, columns, none })
      }),
    )
  cluster
    .command('show')
    .description('one cluster')
    .argument('<cluster>', 'name or number')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((cluster: string, options: CentralOptions) =>
      withRoom(options, async ({ store }) =>
        printOne(shownCluster(await findCluster(store, cluster)), options),
      ),
    )
  cluster
    .command('modify')
    .description('change how a cluster is reached, or whether it takes servers')
    .argument('<cluster>', 'name or number')
    .option('--rapi <url>', `${rapi}; replaces all`, collect)
    .option('--user <user>', 'RAPI’s user')
    .option('--password-file <file>', 'file with a new password, - for standard input')
    .option('--ca <file>', 'PEM file of a new certificate')
    .option('--broker-user <user>', 'broker user whose messages are believed; any for everybody’s')
    .option('--drained', 'it takes no new servers')
    .option('--no-drained', 'it takes servers')
    .option('--offline', 'it is not spoken to')
    .option('--no-offline', 'it is spoken to')
    .addOption(configOption())
    .action((cluster: string, options: ModifyOptions) =>
      withRoom(options, (room) => modifyCluster(room, cluster, options)),
    )
  cluster
    .command('remove')
    .description('forget a cluster that has no servers here; nothing of it is touched')
    .argument('<cluster>', 'name or number')
    .addOption(configOption())
    .action((cluster: string, options: CentralOptions) =>
      withRoom(options, (room) => removeCluster(room, cluster, options)),
    )
}

async function addCluster(room: Room, name: string, options: AddOptions): Promise<void> {
  const { store, sealer, nowMs } = room
  const rows = await store.read.selectFrom('backends').select(['id', 'cluster_name']).execute()
  if (rows.some((row) => row.cluster_name === name)) {
    throw new AgentError(
      'USAGE',
      `there is cluster ${name} already: okeanid-central cluster modify`,
    )
  }
  const id = Array.from({ length: clusterCount }, (_, index) => index).find(
    (index) => !rows.some((row) => row.id === index),
  )
  if (id === undefined) throw new AgentError('USAGE', `there are ${clusterCount} clusters already`)
  const what = `RAPI password of ${options.user}`
  const file = options.passwordFile
  const password = await readSecret(what, { file, isNew: false })
  const row = {
    ...{ id, cluster_name: name, rapi_urls: JSON.stringify(options.rapi.map(rapiUrl)) },
    ...{ rapi_user: options.user, rapi_password: sealer.seal(password) },
    ...{ rapi_ca: await readPem(options.ca), broker_user: options.brokerUser ?? null },
    ...{ is_drained: options.drained ? 1 : 0, is_offline: 0 },
    ...{ hypervisor: '', disk_templates: '[]', node_groups: '', node_count: 0, cpu_total: 0 },
    ...{ memory_total_mib: 0, memory_free_mib: 0, disk_total_mib: 0, disk_free_mib: 0 },
    ...{ instance_count: 0, updated_ms: 0, ganeti_version: '' },
  } as const satisfies Row<'backends'>
  const facts = options.check ? await inspect(room, row) : {}
  const told = { ...row, ...facts, ...(options.check && { updated_ms: nowMs() }) }
  if (told.cluster_name !== name) {
    throw new AgentError('USAGE', `this RAPI is of cluster ${told.cluster_name}, not of ${name}`)
  }
  await store.write((tx) => tx.insertInto('backends').values(told).execute())
  const how = options.check ? `, Ganeti ${told.ganeti_version}, ${told.node_count} nodes` : ''
  printDone(`cluster ${name}: ${id}${how}`, { id, name }, options)
}

async function inspect({ config, sealer }: Room, row: Row<'backends'>) {
  await using clients = openClients({ sealer, ...clientTiming(config) })
  return await inspectCluster(clients.of(row))
}

async function modifyCluster(
  { store, sealer }: Room,
  cluster: string,
  options: ModifyOptions,
): Promise<void> {
  const { id, cluster_name: name } = await findCluster(store, cluster)
  const { rapi, user, passwordFile: file, ca, brokerUser, drained, offline } = options
  const password =
    file === undefined ? undefined : await readSecret('RAPI password', { file, isNew: false })
  const set = {
    ...(rapi && { rapi_urls: JSON.stringify(rapi.map(rapiUrl)) }),
    ...(user !== undefined && { rapi_user: user }),
    ...(password !== undefined && { rapi_password: sealer.seal(password) }),
    ...(ca !== undefined && { rapi_ca: await readPem(ca) }),
    ...(brokerUser !== undefined && { broker_user: brokerUser === 'any' ? null : brokerUser }),
    ...(drained !== undefined && { is_drained: drained ? (1 as const) : (0 as const) }),
    ...(offline !== undefined && { is_offline: offline ? (1 as const) : (0 as const) }),
  }
  if (Object.keys(set).length === 0) throw new AgentError('USAGE', 'nothing to change was given')
  await store.write((tx) => tx.updateTable('backends').set(set).where('id', '=', id).execute())
  printDone(`cluster ${name} is changed`, { id, name }, options)
}

async function removeCluster(
  { store }: Room,
  cluster: string,
  options: CentralOptions,
): Promise<void> {
  const { id, cluster_name: name } = await findCluster(store, cluster)
  await store.write(async (tx) => {
    const server = await tx
      .selectFrom('servers')
      .select('id')
      .where('backend_id', '=', id)
      .where('deleted_ms', 'is', null)
      .executeTakeFirst()
    if (server !== undefined) {
      throw new AgentError(
        'USAGE',
        `cluster ${name} has servers, ${server.id} for one: delete them first`,
      )
    }
    await tx.deleteFrom('backend_networks').where('backend_id', '=', id).execute()
    await tx.deleteFrom('intents').where('backend_id', '=', id).execute()
    await tx.deleteFrom('backends').where('id', '=', id).execute()
  })
  printDone(`cluster ${name} is forgotten`, { id, name }, options)
}

function shownCluster(row: Row<'backends'>) {
  const isWell = row.updated_ms > 0 ? 'online' : 'never asked'
  return {
    id: row.id,
    name: row.cluster_name,
    state: row.is_offline === 1 ? 'offline' : row.is_drained === 1 ? 'drained' : isWell,
    ganeti: row.ganeti_version,
    nodes: row.node_count,
    groups: row.node_groups === '' ? '' : (JSON.parse(row.node_groups) as string[]).join(','),
    instances: row.instance_count,
    cpus: row.cpu_total,
    memory_free: `${row.memory_free_mib} of ${row.memory_total_mib} MiB`,
    disk_free: `${row.disk_free_mib} of ${row.disk_total_mib} MiB`,
    hypervisor: row.hypervisor,
    disk_templates: (JSON.parse(row.disk_templates) as string[]).join(','),
    rapi: (JSON.parse(row.rapi_urls) as string[]).join(','),
    rapi_user: row.rapi_user,
    broker_user: row.broker_user,
    asked: row.updated_ms === 0 ? null : new Date(row.updated_ms).toISOString(),
  }
}
