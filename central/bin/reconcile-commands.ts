import type { Command } from 'commander'
import { openClients } from '#central/effect/clients.js'
import { clientTiming } from '#central/effect/effect-path.js'
import { adoptInstance } from '#central/reconcile/adopt.js'
import { destroyOrphans } from '#central/reconcile/destroy-orphans.js'
import { rebuildServers } from '#central/reconcile/rebuild.js'
import type { ReconcileDeps } from '#central/reconcile/reconcile.js'
import { reconcileAll } from '#central/reconcile/reconciler.js'
import { type CentralOptions, configOption, jsonOption } from './command-options.js'
import { findCluster, findProject, findUser } from './find.js'
import { printDone, printRows } from './print.js'
import { type Room, withRoom } from './room.js'

interface ReconcileOptions extends CentralOptions {
  readonly cluster?: string
  readonly dryRun?: true
}

interface OwnerOptions extends CentralOptions {
  readonly cluster: string
  readonly project: string
  readonly user: string
  readonly name?: string
}

/** `reconcile`, `server adopt`, `orphan destroy`, `rebuild` */
export function addReconcileCommands(central: Command): void {
  central
    .command('reconcile')
    .description('compare clusters with the store, now; what differs is put right in the store')
    .option('--cluster <cluster>', 'name or number; else all that are online')
    .option('--dry-run', 'only say what would be done')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((options: ReconcileOptions) =>
      withDeps(options, (deps) => printReconciled(deps, options)),
    )
  const owner = (command: Command) =>
    command
      .requiredOption('--cluster <cluster>', 'name or number of its cluster')
      .requiredOption('--project <project>', 'name or id of the project that gets it')
      .requiredOption('--user <user>', 'name or id of the user that it is shown as made by')
      .addOption(jsonOption())
      .addOption(configOption())
  owner(
    central
      .command('server')
      .description('servers')
      .command('adopt')
      .description('make a server of an instance that somebody made at Ganeti; it stays as it is')
      .argument('<instance>', 'as Ganeti calls it')
      .option('--name <name>', 'what tenants see; else Ganeti’s name'),
  ).action((instance: string, options: OwnerOptions) =>
    withDeps(options, (deps, room) => adopt(deps, { room, instance, options })),
  )
  central
    .command('orphan')
    .description('instances under names of ours that no server has')
    .command('destroy')
    .description('remove such instances and their disks, for good')
    .argument('<instances...>', 'their names, as reconcile tells them')
    .requiredOption('--cluster <cluster>', 'name or number of their cluster')
    .addOption(configOption())
    .action(
      (instances: readonly string[], options: CentralOptions & { readonly cluster: string }) =>
        withDeps(options, async (deps, { store }) => {
          const backend = await findCluster(store, options.cluster)
          await destroyOrphans(deps, { backend, names: instances })
          const what = 'to be removed, once okeanid-central serve runs'
          printDone(`${instances.join(', ')}: ${what}`, { cluster: backend.cluster_name }, options)
        }),
    )
  owner(
    central
      .command('rebuild')
      .description('make servers again of all instances under names of ours, where no backup is'),
  ).action((options: OwnerOptions) =>
    withDeps(options, (deps, room) => rebuild(deps, room, options)),
  )
}

/** Opens all that asking clusters needs, for one command. */
async function withDeps(
  options: CentralOptions,
  run: (deps: ReconcileDeps, room: Room) => Promise<void>,
): Promise<void> {
  await withRoom(options, async (room) => {
    const { sealer, config } = room
    await using clients = openClients({ sealer, ...clientTiming(config) })
    // Followers of events in other programs look at the store themselves.
    await run({ ...room, clients, wakeEvents: () => {} }, room)
  })
}

async function printReconciled(
  deps: ReconcileDeps,
  { cluster, dryRun, json }: ReconcileOptions,
): Promise<void> {
  if (cluster !== undefined) await findCluster(deps.store, cluster)
  const done = await reconcileAll(deps, { cluster, isDryRun: dryRun === true })
  const rows = done.flatMap((one) =>
    one.outcomes.map(({ kind, name, detail, outcome }) => ({
      ...{ cluster: one.cluster, kind, name, outcome, detail },
    })),
  )
  const columns = ['cluster', 'kind', 'name', 'outcome', 'detail']
  const none = `nothing differs: ${done.length} ${done.length === 1 ? 'cluster' : 'clusters'} compared`
  printRows(rows, { json, columns, none })
}

async function adopt(
  deps: ReconcileDeps,
  {
    room: { store },
    instance,
    options,
  }: { readonly room: Room; readonly instance: string; readonly options: OwnerOptions },
): Promise<void> {
  const backend = await findCluster(store, options.cluster)
  const project = await findProject(store, options.project)
  const user = await findUser(store, options.user)
  const { name } = options
  const id = await adoptInstance(deps, {
    backend,
    adoption: { instance, projectId: project.id, userId: user.id, name },
  })
  printDone(`instance ${instance} is server ${id}`, { id, instance }, options)
}

async function rebuild(deps: ReconcileDeps, { store }: Room, options: OwnerOptions): Promise<void> {
  const backend = await findCluster(store, options.cluster)
  const project = await findProject(store, options.project)
  const user = await findUser(store, options.user)
  const rebuilt = await rebuildServers(deps, {
    ...{ backend, projectId: project.id, userId: user.id },
  })
  const rows = rebuilt.map(({ instance, serverId, outcome }) => ({ instance, serverId, outcome }))
  const none = 'no instance under a name of ours'
  printRows(rows, { ...options, columns: ['instance', 'serverId', 'outcome'], none })
}
