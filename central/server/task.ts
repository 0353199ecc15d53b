import type { Caller } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import { openIntent } from '#central/effect/open-intent.js'
import { recordEvent } from '#central/events/record-event.js'
import type { IntentKind } from '#central/intent/kind.js'
import type { RapiRequest } from '#central/intent/rapi-request.js'
import { serverStatus } from '#central/state/status.js'
import type { Change } from '#central/store/store.js'
import type { Power, ServerTask } from '#central/store/tables/server.js'
import { lockServer } from './find-server.js'
import type { ServerRoom, ServerRow } from './server-room.js'

/** A server to be changed, and who wants it. */
export interface Wish {
  readonly caller: Pick<Caller, 'projectId' | 'isAdmin'>
  readonly id: string
}

/**
 * Tasks that stand in nobody's way: clients plug in one network after the other, and start the server, without waiting. What comes
 * later is done after them, for a server's intents are in order (`central/effect/next-intents.ts`); its task is that of the last one.
 */
const passing: ReadonlySet<ServerTask> = new Set(['RENAME', 'CONNECT', 'DISCONNECT', 'FIREWALL'])

/** The server of a wish, when what was asked before is done and it is as it must be. @throws Fault 404, 409 */
export async function lockIdle(
  tx: Change,
  {
    room,
    wish,
    action,
    powers,
  }: {
    readonly room: ServerRoom
    readonly wish: Wish
    /** Nova's name of what is wanted. */
    readonly action: string
    readonly powers: readonly Power[]
  },
): Promise<ServerRow> {
  const row = await lockServer(tx, { store: room.store, ...wish })
  const { vmState, taskState } = serverStatus(row)
  if (row.task !== null && !passing.has(row.task)) {
    const state = `task_state ${taskState ?? row.task.toLowerCase()}`
    throw new Fault('conflictingRequest', cannot({ action, row, state }))
  }
  if (!powers.includes(row.power)) {
    throw new Fault('conflictingRequest', cannot({ action, row, state: `vm_state ${vmState}` }))
  }
  return row
}

/** Notes that something is done to a server from now on, and what Ganeti is told for it; in that order. */
export async function beginTask(
  tx: Change,
  {
    room,
    row,
    task,
    steps,
    after = [],
    changes = {},
  }: {
    readonly room: ServerRoom
    readonly row: ServerRow
    readonly task: ServerTask
    readonly steps: readonly { readonly kind: IntentKind; readonly request: RapiRequest }[]
    readonly after?: readonly number[]
    readonly changes?: TaskChanges
  },
): Promise<void> {
  const nowMs = room.nowMs()
  const { id: serverId, backend_id: backendId } = row
  let last: number | undefined
  for (const step of steps) {
    const ends = last === undefined ? after : [...after, last]
    const deps = { sealer: room.sealer, nowMs }
    last = await openIntent(tx, deps, { ...step, backendId, serverId, after: ends })
  }
  await noteTask(tx, { room, row, task, intentId: last, changes })
}

/** Notes that something is done to a server until an intent has ended. */
export async function noteTask(
  tx: Change,
  {
    room,
    row,
    task,
    intentId,
    changes = {},
  }: {
    readonly room: Pick<ServerRoom, 'nowMs'>
    readonly row: ServerRow
    readonly task: ServerTask
    readonly intentId: number | undefined
    readonly changes?: TaskChanges
  },
): Promise<void> {
  const nowMs = room.nowMs()
  const set = { ...changes, task, task_intent_id: intentId ?? null, updated_ms: nowMs }
  await tx.updateTable('servers').set(set).where('id', '=', row.id).execute()
  await tellChange(tx, { row: { ...row, ...set }, nowMs })
}

/** Columns that change with a task. */
export type TaskChanges = Partial<
  Pick<ServerRow, 'flavor_id' | 'old_flavor_id' | 'image_id' | 'progress' | 'progress_stamp'>
>

/** Tells those who follow a server how it is now. */
export async function tellChange(
  tx: Change,
  {
    row,
    nowMs,
    kind = 'server.update',
  }: { readonly row: ServerRow; readonly nowMs: number; readonly kind?: string },
): Promise<void> {
  const { status, taskState } = serverStatus(row)
  const body = { id: String(row.id), name: row.name, status, task_state: taskState }
  const { project_id: projectId, id: serverId } = row
  await recordEvent(tx, { projectId, serverId, kind, body, nowMs })
}

function cannot({
  action,
  row,
  state,
}: {
  readonly action: string
  readonly row: ServerRow
  readonly state: string
}): string {
  return `Cannot '${action}' instance ${row.id} while it is in ${state}`
}
