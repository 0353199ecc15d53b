import type { Change } from '#central/store/store.js'
import { lockServer } from './find-server.js'
import type { ServerRoom, ServerRow } from './server-room.js'
import { tellChange, type Wish } from './task.js'

/** Gives a server another name here; Ganeti's name of it stays. @returns how it is then */
export async function renameServer(
  tx: Change,
  room: ServerRoom,
  wish: Wish & { readonly name: string },
): Promise<ServerRow> {
  const row = await lockServer(tx, { store: room.store, ...wish })
  const nowMs = room.nowMs()
  const set = { name: wish.name, updated_ms: nowMs }
  await tx.updateTable('servers').set(set).where('id', '=', row.id).execute()
  await tellChange(tx, { row: { ...row, ...set }, nowMs })
  return { ...row, ...set }
}
