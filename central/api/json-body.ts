import type { FastifyInstance } from 'fastify'

/** Takes bodies of JSON and no others (415). No body is the same as none that is announced: some clients send the header anyway. */
export function takeJsonOnly(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null, undefined)
    // it tells `done`, and returns nothing
    else void parse(request, body as string, done)
  })
}
