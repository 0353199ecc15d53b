import type { FastifyRequest } from 'fastify'
import { requireCaller } from '#central/api/caller.js'
import type { Caller, Context } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import { recordEvent } from '#central/events/record-event.js'
import { type NetworkDeps, networkDeps } from '#central/network/network-deps.js'
import type { Change } from '#central/store/store.js'
import type { JsonObject } from '#ganeti/json-value.js'

/** A path with the number of what it is about. */
export interface IdPath {
  readonly Params: { readonly id: string }
}

/** Makes a change of networks, and says once it is committed that there is something to do and to tell. */
export async function changeNetworks<T>(
  context: Context,
  made: (tx: Change, deps: NetworkDeps) => Promise<T>,
): Promise<T> {
  const result = await context.store.write((tx) => made(tx, networkDeps(context)))
  context.wakeEffects()
  context.wakeEvents()
  return result
}

/** Tells those who follow a project of a change of its networks, ports or addresses. */
export async function tell(
  tx: Change,
  {
    projectId,
    kind,
    body,
    nowMs,
  }: {
    readonly projectId: string | null
    /** `port.create` */
    readonly kind: string
    readonly body: JsonObject
    readonly nowMs: number
  },
): Promise<void> {
  await recordEvent(tx, { projectId, serverId: null, kind, body, nowMs })
}

/** The number that an address names; 0, which nothing has, for what is none. */
export function idOf(text: string | number): number {
  return /^[1-9]\d{0,14}$/.test(String(text)) ? Number(text) : 0
}

/** Whose the new thing will be: the caller's project, or another one that an admin names. */
export function ownerOf(
  request: FastifyRequest,
  wanted: { readonly tenant_id?: string | undefined; readonly project_id?: string | undefined },
): Caller {
  const caller = requireCaller(request)
  const projectId = wanted.project_id ?? wanted.tenant_id ?? caller.projectId
  if (projectId === caller.projectId) return caller
  if (!caller.isAdmin) throw new Fault('forbidden', 'only admins make things for other projects')
  return { ...caller, projectId }
}
