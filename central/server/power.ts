import { reboot, shutdown, startup } from '#central/intent/requests.js'
import type { Change } from '#central/store/store.js'
import type { ServerRoom } from './server-room.js'
import { beginTask, lockIdle, type Wish } from './task.js'

/** Starts a server that is stopped. */
export async function startServer(tx: Change, room: ServerRoom, wish: Wish): Promise<void> {
  const row = await lockIdle(tx, { room, wish, action: 'start', powers: ['STOPPED'] })
  const steps = [{ kind: 'start', request: startup(row.instance_name) }] as const
  await beginTask(tx, { room, row, task: 'START', steps })
}

/** Stops a server that runs. */
export async function stopServer(tx: Change, room: ServerRoom, wish: Wish): Promise<void> {
  const row = await lockIdle(tx, { room, wish, action: 'stop', powers: ['STARTED', 'ERROR'] })
  const steps = [{ kind: 'stop', request: shutdown(row.instance_name) }] as const
  await beginTask(tx, { room, row, task: 'STOP', steps })
}

/** Reboots a server that runs; a hard reboot also starts one that does not. */
export async function rebootServer(
  tx: Change,
  room: ServerRoom,
  wish: Wish & { readonly isHard: boolean },
): Promise<void> {
  const { isHard } = wish
  const powers = isHard ? (['STARTED', 'STOPPED', 'ERROR'] as const) : (['STARTED'] as const)
  const row = await lockIdle(tx, { room, wish, action: 'reboot', powers })
  // Ganeti starts an instance that is down when it is told to reboot it (lib/cmdlib/instance_operation.py)
  const steps = [{ kind: 'reboot', request: reboot(row.instance_name, { isHard }) }] as const
  await beginTask(tx, { room, row, task: isHard ? 'HARD_REBOOT' : 'REBOOT', steps })
}
