import { deleteInstance } from '#central/intent/requests.js'
import type { Change } from '#central/store/store.js'
import { lockServer } from './find-server.js'
import type { ServerRoom } from './server-room.js'
import { beginTask, type Wish } from './task.js'

/** Deletes a server, whatever it does; one that is being deleted already is left alone. It is there until Ganeti has removed it. */
export async function deleteServer(tx: Change, room: ServerRoom, wish: Wish): Promise<void> {
  const row = await lockServer(tx, { store: room.store, ...wish })
  if (row.task === 'DESTROY') return
  const steps = [{ kind: 'delete-server', request: deleteInstance(row.instance_name) }] as const
  await tx.deleteFrom('one_time_parameters').where('server_id', '=', row.id).execute()
  await tx.deleteFrom('consoles').where('server_id', '=', row.id).execute()
  await beginTask(tx, { room, row, task: 'DESTROY', steps })
}
