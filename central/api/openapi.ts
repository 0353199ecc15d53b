import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'

/** Describes every route that comes after, and serves the document. */
export async function describeRoutes(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'okeanid-central',
        description:
          "OpenStack's Compute (2.1 to 2.6), Identity (v3, tokens of v2.0), Network and Image APIs as far as Ganeti can do them, with Synnefo's extensions. Where a route has an operation that is not done, it answers 501.",
        version: '1',
        license: { name: 'BSD-2-Clause', identifier: 'BSD-2-Clause' },
      },
      components: {
        securitySchemes: { token: { type: 'apiKey', in: 'header', name: 'X-Auth-Token' } },
      },
      security: [{ token: [] }],
    },
    transform: ({ schema, url, route }) => ({
      url,
      // what anyone may call needs no token
      schema: route.config?.access === 'anyone' ? { ...schema, security: [] } : schema,
    }),
  })
}

/** `GET /openapi.json`. */
export function serveDocument(app: FastifyInstance): void {
  let text: string | undefined
  const schema = { hide: true }
  app.get('/openapi.json', { schema, config: { access: 'anyone' } }, async (_request, reply) => {
    text ??= JSON.stringify(app.swagger())
    return reply.type('application/json; charset=utf-8').send(text)
  })
}
