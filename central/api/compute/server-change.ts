import type { FastifyRequest } from 'fastify'
import { requireCaller } from '#central/api/caller.js'
import type { Wish } from '#central/server/task.js'

/** A route below a server. */
export interface ServerPath {
  readonly Params: { readonly id: string }
}

/** The server in a request's address, and who wants something of it. */
export function wishOf(
  request: FastifyRequest,
): Wish & { readonly caller: ReturnType<typeof requireCaller> } {
  const { id } = request.params as ServerPath['Params']
  return { caller: requireCaller(request), id }
}
