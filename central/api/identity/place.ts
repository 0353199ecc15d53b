import type { FastifyRequest } from 'fastify'
import type { Context } from '#central/api/context.js'
import { publicUrl } from '#central/api/public-url.js'
import type { Place } from './catalogue.js'

/** What a catalogue for the client of a request says. */
export function placeFor({ config }: Pick<Context, 'config'>): (request: FastifyRequest) => Place {
  return (request) => ({ url: publicUrl(config, request), region: config.identity.region })
}
