import { Fault } from '#central/api/fault.js'
import { setBackend, shutdown, startup } from '#central/intent/requests.js'
import type { Change } from '#central/store/store.js'
import { type FlavorRow, findFlavor } from './offers.js'
import { requireQuota } from './require-quota.js'
import type { ServerRoom, ServerRow } from './server-room.js'
import { beginTask, lockIdle, tellChange, type Wish } from './task.js'

/**
 * Gives a server other processors and memory; one that runs is stopped for it and started again. Until it is confirmed it
 * can be taken back.
 */
export async function resizeServer(
  tx: Change,
  room: ServerRoom,
  wish: Wish & { readonly flavorId: string },
): Promise<void> {
  const row = await lockIdle(tx, { room, wish, action: 'resize', powers: ['STARTED', 'STOPPED'] })
  if (row.old_flavor_id !== null) {
    throw new Fault('conflictingRequest', 'confirm or revert the resize before first')
  }
  const flavor = await findFlavor(tx, wish.flavorId)
  if (flavor === undefined || flavor.is_public !== 1) {
    throw new Fault('badRequest', `Flavor ${wish.flavorId} could not be found.`)
  }
  if (flavor.id === row.flavor_id) {
    throw new Fault('badRequest', 'When resizing, instances must change flavor!')
  }
  if (flavor.disk_gib * 1024 !== row.disk_mib) {
    throw new Fault(
      'badRequest',
      `disks keep their size here: wants a flavor of ${Math.round(row.disk_mib / 1024)} GB`,
    )
  }
  const more = { vcpus: flavor.vcpus - row.vcpus, ram: flavor.ram_mib - row.ram_mib }
  await requireQuota(tx, { room, projectId: row.project_id, wanted: more })
  const changes = { flavor_id: flavor.id, old_flavor_id: row.flavor_id }
  await resizeTo(tx, { room, row, flavor, changes })
}

/** Keeps what a resize made. */
export async function confirmResize(tx: Change, room: ServerRoom, wish: Wish): Promise<void> {
  const row = await lockResized(tx, room, { wish, action: 'confirmResize' })
  const nowMs = room.nowMs()
  const set = { old_flavor_id: null, updated_ms: nowMs }
  await tx.updateTable('servers').set(set).where('id', '=', row.id).execute()
  await tellChange(tx, { row: { ...row, ...set }, nowMs })
}

/** Takes a resize back. */
export async function revertResize(tx: Change, room: ServerRoom, wish: Wish): Promise<void> {
  const row = await lockResized(tx, room, { wish, action: 'revertResize' })
  const flavor = await findFlavor(tx, row.old_flavor_id ?? '', { isDeletedToo: true })
  if (flavor === undefined)
    throw new Fault('conflictingRequest', 'its old flavor is not known any more')
  const changes = { flavor_id: flavor.id, old_flavor_id: null }
  await resizeTo(tx, { room, row, flavor, changes })
}

async function resizeTo(
  tx: Change,
  {
    room,
    row,
    flavor,
    changes,
  }: {
    readonly room: ServerRoom
    readonly row: ServerRow
    readonly flavor: FlavorRow
    readonly changes: { readonly flavor_id: string; readonly old_flavor_id: string | null }
  },
): Promise<void> {
  const name = row.instance_name
  const size = { vcpus: flavor.vcpus, ramMib: flavor.ram_mib }
  const modify = { kind: 'resize', request: setBackend(name, size) } as const
  const steps =
    row.power === 'STARTED'
      ? ([
          { kind: 'stop', request: shutdown(name) },
          modify,
          { kind: 'start', request: startup(name) },
        ] as const)
      : [modify]
  await beginTask(tx, { room, row, task: 'RESIZE', steps, changes })
}

async function lockResized(
  tx: Change,
  room: ServerRoom,
  { wish, action }: { readonly wish: Wish; readonly action: string },
): Promise<ServerRow> {
  const row = await lockIdle(tx, { room, wish, action, powers: ['STARTED', 'STOPPED'] })
  if (row.old_flavor_id === null) {
    throw new Fault(
      'conflictingRequest',
      `Cannot '${action}' instance ${row.id} while it is in vm_state ${row.power === 'STARTED' ? 'active' : 'stopped'}`,
    )
  }
  return row
}
