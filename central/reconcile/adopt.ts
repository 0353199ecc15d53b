import { query } from '#central/effect/queries.js'
import { simulatedMessage } from '#central/effect/simulated-message.js'
import type { Row } from '#central/store/schema.js'
import type { Change } from '#central/store/store.js'
import { takeMessages } from '#central/update/take-messages.js'
import { AgentError } from '#errors.js'
import { instanceBodies } from './compare-servers.js'
import { instanceFields, readInstance } from './read-instance.js'
import type { ReconcileDeps } from './reconcile.js'
import type { InstanceView } from './view.js'

/** Whose an instance becomes. */
export interface Adoption {
  /** Ganeti's name of it. */
  readonly instance: string
  readonly projectId: string
  readonly userId: string
  /** What tenants see; else Ganeti's name. */
  readonly name?: string | undefined
  /** Number of the server, when it is to get that back (`rebuild`). */
  readonly serverId?: number | undefined
}

/**
 * Makes a server of an instance that somebody made at Ganeti. Nothing is changed there: it keeps its name, its NICs and their
 * addresses, which are taken from our pools.
 * @returns the server's number
 * @throws AgentError USAGE when there is no such instance, or it has a server already
 */
export async function adoptInstance(
  deps: ReconcileDeps,
  { backend, adoption }: { readonly backend: Row<'backends'>; readonly adoption: Adoption },
): Promise<number> {
  const filter = ['=', 'name', adoption.instance]
  const client = deps.clients.of(backend)
  const rows = await query(client, { resource: 'instance', fields: instanceFields, filter })
  const [view] = rows.flatMap(readInstance)
  if (view === undefined) {
    const where = backend.cluster_name
    throw new AgentError('USAGE', `there is no instance ${adoption.instance} at ${where}`)
  }
  return await adoptView(deps, { backend, adoption, view })
}

/** The same for one that was looked at. */
export async function adoptView(
  deps: ReconcileDeps,
  { backend, ...adopted }: { readonly backend: Row<'backends'> } & Adopted,
): Promise<number> {
  const [id = 0] = await adoptViews(deps, { backend, adopted: [adopted] })
  return id
}

/** Whose an instance becomes, and how it looked. */
export interface Adopted {
  readonly adoption: Adoption
  readonly view: InstanceView
}

/** The same for several, in one transaction: all of them or none. @returns their numbers, in the same order */
export async function adoptViews(
  deps: ReconcileDeps,
  { backend, adopted }: { readonly backend: Row<'backends'>; readonly adopted: readonly Adopted[] },
): Promise<readonly number[]> {
  const nowMs = deps.nowMs()
  const ids = await deps.store.write(async (tx) => {
    const made = await addServers(tx, { backend, adopted, nowMs })
    const messages = adopted.flatMap(({ view }, place) =>
      instanceBodies(view).map((body, index) =>
        simulatedMessage(backend, { id: `adopted.${made[place]}.${nowMs}.${index}`, body }),
      ),
    )
    await takeMessages(tx, deps, messages)
    return made
  })
  deps.wakeEvents()
  return ids
}

/** @returns the servers' numbers, in the same order */
async function addServers(
  tx: Change,
  {
    backend,
    adopted,
    nowMs,
  }: {
    readonly backend: Row<'backends'>
    readonly adopted: readonly Adopted[]
    readonly nowMs: number
  },
): Promise<readonly number[]> {
  if (adopted.length === 0) return []
  const names = adopted.map(({ view }) => view.name)
  const known = await tx
    .selectFrom('servers')
    .select(['id', 'instance_name'])
    .where('backend_id', '=', backend.id)
    .where('instance_name', 'in', names)
    .where('deleted_ms', 'is', null)
    .executeTakeFirst()
  if (known !== undefined) {
    const { id, instance_name: name } = known
    throw new AgentError('USAGE', `instance ${name} is server ${id} already`)
  }
  const flavors = new Map<string, string>()
  const idOf = new Map<string, number>()
  const numbered: (ReturnType<typeof serverRow> & { readonly id: number })[] = []
  for (const { adoption, view } of adopted) {
    const size = sizeOf(view)
    const flavorId = flavors.get(size.key) ?? (await fittingFlavor(tx, view))
    flavors.set(size.key, flavorId)
    const row = serverRow({ backend, adoption, view, flavorId, nowMs })
    const { serverId } = adoption
    if (serverId === undefined) idOf.set(view.name, await addServer(tx, row))
    else numbered.push({ ...row, id: serverId })
  }
  if (numbered.length > 0) await tx.insertInto('servers').values(numbered).execute()
  for (const { instance_name: name, id } of numbered) idOf.set(name, id)
  return names.map((name) => idOf.get(name) ?? 0)
}

async function addServer(tx: Change, row: ReturnType<typeof serverRow>): Promise<number> {
  const query = tx.insertInto('servers').values(row).returning('id')
  return (await query.executeTakeFirstOrThrow()).id
}

/** A flavor of this size, made where there is none; that one is nobody else's to choose. */
async function fittingFlavor(tx: Change, view: InstanceView): Promise<string> {
  const { key, ...size } = sizeOf(view)
  const flavors = await tx
    .selectFrom('flavors')
    .select(['id', 'disk_template'])
    .where('deleted_ms', 'is', null)
    .where('vcpus', '=', size.vcpus)
    .where('ram_mib', '=', size.ram_mib)
    .where('disk_gib', '=', size.disk_gib)
    .orderBy('id')
    .execute()
  const fitting = flavors.find(({ disk_template: own }) => own === view.diskTemplate) ?? flavors[0]
  if (fitting !== undefined) return fitting.id
  const id = `adopted-${key}`
  const flavor = { id, name: id, ...size, disk_template: view.diskTemplate } as const
  await tx
    .insertInto('flavors')
    .values({ ...flavor, is_public: 0, deleted_ms: null })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
  return id
}

function sizeOf(view: InstanceView) {
  const diskGib = Math.ceil(diskOf(view) / 1024)
  const key = `${view.vcpus}-${view.ramMib}-${diskGib}-${view.diskTemplate}`
  return { key, vcpus: view.vcpus, ram_mib: view.ramMib, disk_gib: diskGib }
}

function diskOf({ diskSizesMib }: InstanceView): number {
  return diskSizesMib.reduce((sum, size) => sum + size, 0)
}

function serverRow({
  backend,
  adoption,
  view,
  flavorId,
  nowMs,
}: {
  readonly backend: Row<'backends'>
  readonly adoption: Adoption
  readonly view: InstanceView
  readonly flavorId: string
  readonly nowMs: number
}) {
  return {
    name: adoption.name ?? view.name,
    project_id: adoption.projectId,
    user_id: adoption.userId,
    backend_id: backend.id,
    instance_name: view.name,
    instance_uuid: view.uuid,
    flavor_id: flavorId,
    image_id: null,
    key_name: null,
    power: view.adminState === 'up' ? 'STARTED' : 'STOPPED',
    power_stamp: '',
    progress: 100,
    progress_stamp: '',
    op_code: null,
    op_status: null,
    op_job_id: null,
    op_log: null,
    op_stamp: '',
    vcpus: view.vcpus,
    ram_mib: view.ramMib,
    disk_mib: diskOf(view),
    nics_stamp: '',
    node: view.node,
    node_stamp: '',
    task: null,
    task_intent_id: null,
    old_flavor_id: null,
    fault_code: null,
    fault_message: null,
    fault_ms: null,
    is_adopted: 1,
    created_ms: nowMs,
    updated_ms: nowMs,
    deleted_ms: null,
  } as const
}
