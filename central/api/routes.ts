import type { FastifyInstance } from 'fastify'
import type { Context } from './context.js'

/** Makes the routes of one part of the API. */
export type Routes = (app: FastifyInstance, context: Context) => void

/** Says in a route's schema what comes back, for the document: it is not what makes the answer. */
export function answers(
  status: number,
  description: string,
): { readonly response: Readonly<Record<number, { readonly description: string }>> } {
  return { response: { [status]: { description } } }
}
