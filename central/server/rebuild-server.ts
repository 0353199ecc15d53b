import { Fault } from '#central/api/fault.js'
import { reinstall } from '#central/intent/requests.js'
import { stampOf } from '#central/stamp.js'
import type { Change } from '#central/store/store.js'
import { generateAdminPassword } from './admin-password.js'
import type { PersonalityFile } from './create-server.js'
import { installParameters } from './install.js'
import { putMetadata, removeMetadata } from './metadata.js'
import type { ImageRow } from './offers.js'
import { parseTemplate } from './os-parameters.js'
import { renameServer } from './rename-server.js'
import type { ServerRoom } from './server-room.js'
import { beginTask, lockIdle, type Wish } from './task.js'

/** What a server shall be after it was installed anew. */
export interface RebuildWish extends Wish {
  readonly image: ImageRow
  readonly name: string | undefined
  readonly adminPass: string | undefined
  /** Instead of those before; undefined: they stay. */
  readonly metadata: Readonly<Record<string, string>> | undefined
  readonly personality: readonly PersonalityFile[]
  readonly baseUrl: string
}

/** Installs a server anew; what was on its disk is lost. @returns the administrator's password */
export async function rebuildServer(
  tx: Change,
  room: ServerRoom,
  wish: RebuildWish,
): Promise<string> {
  const { image, name, metadata } = wish
  const powers = ['STARTED', 'STOPPED', 'ERROR'] as const
  const before = await lockIdle(tx, { room, wish, action: 'rebuild', powers })
  if (Object.keys(parseTemplate(image.osparams_secret)).length > 0) {
    throw new Fault(
      'notImplemented',
      'Ganeti takes no secret parameters when it reinstalls: an image for that names {{config_url}} in its osparams',
    )
  }
  if (before.disk_mib < image.min_disk_gib * 1024 || before.ram_mib < image.min_ram_mib) {
    throw new Fault('badRequest', "Flavor's disk or memory is too small for requested image.")
  }
  const row = name === undefined ? before : await renameServer(tx, room, { ...wish, name })
  if (metadata !== undefined) {
    await removeMetadata(tx, { serverId: row.id })
    await putMetadata(tx, { serverId: row.id, metadata })
  }
  const adminPass = wish.adminPass ?? generateAdminPassword()
  const install = { ...wish, adminPass, publicKey: await keyOf(tx, row), userData: '' }
  const { osparams } = await installParameters(tx, room, { row, install })
  const request = reinstall(row.instance_name, { osType: image.os_type, osparams })
  const steps = [{ kind: 'rebuild', request }] as const
  // what is told of the former install, however late, says nothing of this one
  const began = stampOf({ timeUs: room.nowMs() * 1000 })
  const changes = { image_id: image.id, progress: 0, progress_stamp: began }
  await beginTask(tx, { room, row, task: 'REBUILD', steps, changes })
  return adminPass
}

async function keyOf(
  tx: Change,
  { user_id, key_name }: { readonly user_id: string; readonly key_name: string | null },
): Promise<string> {
  const key = await tx
    .selectFrom('keypairs')
    .select('public_key')
    .where('user_id', '=', user_id)
    .where('name', '=', key_name ?? '')
    .executeTakeFirst()
  return key?.public_key ?? ''
}
