import type { FastifyInstance, HTTPMethods } from 'fastify'
import type { Access } from './caller.js'
import { Fault } from './fault.js'
import { answers } from './routes.js'

/** What clients ask for by habit and is not here: what it is, where, and what to use instead. */
export interface Missing {
  readonly paths: readonly string[]
  /** Absent: GET alone. */
  readonly methods?: readonly HTTPMethods[]
  readonly access?: Access
  /** `security groups` */
  readonly what: string
  /** A whole sentence for whoever asked: what there is instead. */
  readonly instead: string
}

/** Answers each of these with 501 and what to use instead: an empty list would say that there are none. */
export function refuseMissing(
  app: FastifyInstance,
  {
    tag,
    base,
    missing,
  }: { readonly tag: string; readonly base: string; missing: readonly Missing[] },
): void {
  for (const { paths, methods = ['GET'], access = 'project', what, instead } of missing) {
    const message = `There are no ${what} here. ${instead}`
    for (const path of paths) {
      for (const method of methods) {
        app.route({
          method,
          url: `${base}/${path}`,
          config: { access },
          schema: { tags: [tag], summary: `No ${what}`, ...answers(501, `always: ${instead}`) },
          // before a body is looked at, whose type may be one of another service's own
          onRequest: async () => {
            throw new Fault('notImplemented', message)
          },
          handler: async () => ({}),
        })
      }
    }
  }
}
