import type { FastifyRequest } from 'fastify'
import type { Context } from '#central/api/context.js'
import { publicUrl } from '#central/api/public-url.js'
import type { ViewOptions } from './server-view.js'

/** For whom the answer to a request is. */
export function viewOptions({
  config,
}: Pick<Context, 'config'>): (request: FastifyRequest) => ViewOptions {
  return (request) => ({
    url: publicUrl(config, request),
    isAdmin: request.caller?.isAdmin ?? false,
    microversion: request.microversion,
  })
}
