import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Context } from '#central/api/context.js'
import { publicUrl } from '#central/api/public-url.js'
import type { ViewOptions } from './server-view.js'

/** Nodes of projects whose digests are remembered. */
const maxHostIds = 10_000

/** For whom the answer to a request is. */
export function viewOptions({
  config,
}: Pick<Context, 'config'>): (request: FastifyRequest) => ViewOptions {
  const hostIds = new Map<string, string>()

  function hostIdOf(projectId: string, node: string): string {
    const key = `${projectId}${node}`
    const known = hostIds.get(key)
    if (known !== undefined) return known
    const made = createHash('sha224').update(key).digest('hex')
    if (hostIds.size >= maxHostIds) hostIds.clear()
    hostIds.set(key, made)
    return made
  }

  return (request) => ({
    url: publicUrl(config, request),
    isAdmin: request.caller?.isAdmin ?? false,
    microversion: request.microversion,
    hostIdOf,
  })
}
