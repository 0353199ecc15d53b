import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import type { CentralConfig } from '#central/config/central-config.js'
import { openIdentity } from '#central/identity/open-identity.js'
import { areaOf, ownUrl } from './area.js'
import { checkCallers } from './caller.js'
import { serveConsoles } from './console-socket.js'
import type { Context } from './context.js'
import { faultOf, sendFault } from './fault-reply.js'
import { takeJsonOnly } from './json-body.js'
import { negotiateMicroversion } from './microversion.js'
import { refuseUnknown } from './not-found.js'
import { describeRoutes, serveDocument } from './openapi.js'
import { parts } from './parts.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Of the compute API: the second number. */
    microversion: number
  }
}

/**
 * The HTTP API, ready to listen or to be injected into. Every request runs through here:
 *
 *     address -> ours (area.ts) -> token (caller.ts) -> microversion -> JSON -> schema -> handler -> fault in the service's words
 */
export async function buildApp(context: Context): Promise<FastifyInstance> {
  const { server } = context.config
  const app = Fastify({
    bodyLimit: server.body_limit.bytes,
    requestTimeout: server.request_timeout.ms,
    trustProxy: server.trusted_proxies.length === 0 ? false : [...server.trusted_proxies],
    ...(server.cert_file !== '' && { https: certificateOf(server) }),
    genReqId: () => `req-${randomUUID()}`,
    rewriteUrl: ({ url }) => ownUrl(url ?? '/').url,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 255 },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allowUnionTypes: true } },
  })
  // schemas of answers are for the document; JSON.stringify is as fast here and drops nothing that one forgot
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer))
  takeJsonOnly(app)
  refuseUnknown(app)
  markAnswers(app, context)
  app.setErrorHandler((error, request, reply) =>
    sendFault({ request, reply }, faultOf(error, { request, log: context.log })),
  )
  checkCallers(app, {
    identity: openIdentity(context),
    config: context.config,
  })
  app.decorateRequest('microversion', 1)
  app.addHook('onRequest', async (request, reply) => {
    if (isVersioned(request)) request.microversion = negotiateMicroversion(request, reply)
  })
  await describeRoutes(app)
  for (const routes of parts) routes(app, context)
  serveDocument(app)
  serveConsoles(app, context)
  await app.ready()
  return app
}

/** What the files of the configuration hold now. @throws the system's error */
export function certificateOf({ cert_file, key_file }: CentralConfig['server']) {
  return { cert: readFileSync(cert_file), key: readFileSync(key_file) }
}

/** Gives each answer its request's id, counts it, and at level debug logs it: by its route, for addresses may hold secrets. */
function markAnswers(app: FastifyInstance, { metrics, log }: Context): void {
  const answers = metrics.counter('api_answers_total', 'Answers of the HTTP API')
  app.addHook('onRequest', async (request, reply) => {
    reply.header('X-OpenStack-Request-Id', request.id)
    if (areaOf(request.url) === 'compute') reply.header('X-Compute-Request-Id', request.id)
  })
  app.addHook('onResponse', async (request, reply) => {
    answers.add(1, { service: areaOf(request.url), status: String(reply.statusCode) })
    log('debug', 'answered', {
      request: request.id,
      method: request.method,
      route: request.routeOptions.url,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      user: request.authenticated?.user.id,
    })
  })
}

/** Versions within the version are of /v2.1 only. */
function isVersioned({ url, originalUrl }: FastifyRequest): boolean {
  return areaOf(url) === 'compute' && /^(\/compute)?\/v2\.1(?=[/?]|$)/.test(originalUrl)
}
