import { randomUUID } from 'node:crypto'
import type { Caller } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import { chooseBackend } from '#central/effect/choose-backend.js'
import { createInstance } from '#central/intent/requests.js'
import { networkDeps } from '#central/network/network-deps.js'
import { openPorts, type WantedPort } from '#central/network/ports.js'
import type { Change } from '#central/store/store.js'
import { generateAdminPassword } from './admin-password.js'
import { type InstallWish, installParameters } from './install.js'
import { putMetadata } from './metadata.js'
import type { FlavorRow, ImageRow } from './offers.js'
import { requireQuota } from './require-quota.js'
import type { ServerRoom, ServerRow } from './server-room.js'
import { beginTask } from './task.js'

/** A server that somebody wants. */
export interface CreateWish {
  readonly caller: Caller
  readonly name: string
  readonly flavor: FlavorRow
  readonly image: ImageRow
  readonly keyName: string | undefined
  readonly metadata: Readonly<Record<string, string>>
  /** Undefined: those that are configured. */
  readonly ports: readonly WantedPort[] | undefined
  readonly adminPass: string | undefined
  readonly userData: string
  readonly personality: readonly PersonalityFile[]
  /** Where the API is reached, for addresses that guests are given. */
  readonly baseUrl: string
}

/** A file for the guest. */
export interface PersonalityFile {
  readonly path: string
  /** Base64. */
  readonly contents: string
}

/** A server that is being made; the password is not to be had again. */
export interface Created {
  readonly id: number
  readonly adminPass: string
}

/** Makes one server of each name, or none of them. @throws Fault as `createServer` */
export async function createServers(
  tx: Change,
  room: ServerRoom,
  { names, ...wish }: Omit<CreateWish, 'name'> & { readonly names: readonly string[] },
): Promise<readonly Created[]> {
  const created: Created[] = []
  for (const name of names) created.push(await createServer(tx, room, { ...wish, name }))
  return created
}

/** Makes a server: its row, its ports, and what Ganeti is told. @throws Fault 400, 403 (quota), 409 (no cluster has room) */
export async function createServer(
  tx: Change,
  room: ServerRoom,
  wish: CreateWish,
): Promise<Created> {
  const { caller, flavor } = wish
  requireFitting(wish)
  const wanted = { servers: 1, vcpus: flavor.vcpus, ram: flavor.ram_mib, disk: flavor.disk_gib }
  await requireQuota(tx, { room, projectId: caller.projectId, wanted })
  const backend = await placeFor(tx, flavor)
  const row = await insert(tx, { room, wish, backendId: backend.id })
  await putMetadata(tx, { serverId: row.id, metadata: wish.metadata })
  const ports = await openPorts(tx, networkDeps(room), {
    server: {
      id: row.id,
      projectId: row.project_id,
      userId: row.user_id,
      backendId: backend.id,
    },
    wanted: wish.ports,
    viewer: caller,
  })
  const adminPass = wish.adminPass ?? generateAdminPassword()
  const install: InstallWish = { ...wish, adminPass, publicKey: await publicKey(tx, wish) }
  const { osparams, osparamsSecret } = await installParameters(tx, room, { row, install })
  const hvparams = JSON.parse(wish.image.hvparams || '{}')
  const request = createInstance({
    name: row.instance_name,
    osType: wish.image.os_type,
    osparams,
    ...(Object.keys(osparamsSecret).length === 0 ? {} : { osparamsSecret }),
    ...(Object.keys(hvparams).length === 0 ? {} : { hvparams }),
    vcpus: flavor.vcpus,
    ramMib: flavor.ram_mib,
    diskGib: flavor.disk_gib,
    diskTemplate: flavor.disk_template === '' ? backend.defaultTemplate : flavor.disk_template,
    nics: ports.map(({ nic }) => nic),
    tags: [],
    ...(backend.hypervisor === '' ? {} : { hypervisor: backend.hypervisor }),
  })
  const after = ports.flatMap(({ afterIntents }) => afterIntents)
  const steps = [{ kind: 'create-server', request }] as const
  await beginTask(tx, { room, row, task: 'CREATE', steps, after })
  return { id: row.id, adminPass }
}

function requireFitting({ flavor, image }: CreateWish): void {
  if (flavor.ram_mib < image.min_ram_mib) {
    throw new Fault('badRequest', "Flavor's memory is too small for requested image.")
  }
  if (flavor.disk_gib < image.min_disk_gib) {
    throw new Fault('badRequest', "Flavor's disk is too small for requested image.")
  }
}

/** A cluster with room, whose free capacity is less from now on, until it is read again. */
async function placeFor(tx: Change, flavor: FlavorRow) {
  const rows = await tx.selectFrom('backends').selectAll().orderBy('id').execute()
  const diskMib = flavor.disk_gib * 1024
  const id = chooseBackend(rows, {
    vcpus: flavor.vcpus,
    ramMib: flavor.ram_mib,
    diskMib,
    diskTemplate: flavor.disk_template,
  })
  const row = rows.find((one) => one.id === id)
  if (row === undefined) {
    throw new Fault(
      'conflictingRequest',
      'No valid host was found: no cluster has room for this flavor.',
    )
  }
  await tx
    .updateTable('backends')
    .set(({ eb }) => ({
      memory_free_mib: eb('memory_free_mib', '-', flavor.ram_mib),
      disk_free_mib: eb('disk_free_mib', '-', diskMib),
      instance_count: eb('instance_count', '+', 1),
    }))
    .where('id', '=', row.id)
    .execute()
  const [defaultTemplate = 'plain'] = JSON.parse(row.disk_templates || '[]') as string[]
  return { id: row.id, hypervisor: row.hypervisor, defaultTemplate }
}

async function insert(
  tx: Change,
  {
    room,
    wish,
    backendId,
  }: {
    readonly room: ServerRoom
    readonly wish: CreateWish
    readonly backendId: number
  },
): Promise<ServerRow> {
  const { caller, flavor, image } = wish
  const nowMs = room.nowMs()
  const made = await tx
    .insertInto('servers')
    .values({
      name: wish.name,
      project_id: caller.projectId,
      user_id: caller.userId,
      backend_id: backendId,
      // its number is known only once it is there
      instance_name: randomUUID(),
      flavor_id: flavor.id,
      image_id: image.id,
      key_name: wish.keyName ?? null,
      power: 'BUILD',
      power_stamp: '',
      progress: 0,
      progress_stamp: '',
      op_stamp: '',
      vcpus: flavor.vcpus,
      ram_mib: flavor.ram_mib,
      disk_mib: flavor.disk_gib * 1024,
      nics_stamp: '',
      node_stamp: '',
      is_adopted: 0,
      created_ms: nowMs,
      updated_ms: nowMs,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return await tx
    .updateTable('servers')
    .set({ instance_name: room.names.instance(made.id) })
    .where('id', '=', made.id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

async function publicKey(tx: Change, { caller, keyName }: CreateWish): Promise<string> {
  if (keyName === undefined) return ''
  const row = await tx
    .selectFrom('keypairs')
    .select('public_key')
    .where('user_id', '=', caller.userId)
    .where('name', '=', keyName)
    .executeTakeFirst()
  if (row === undefined) throw new Fault('badRequest', 'Invalid key_name provided.')
  return row.public_key
}
