import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Context } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import { answers } from '#central/api/routes.js'
import type { Authenticated } from '#central/identity/identity.js'
import { openIdentity } from '#central/identity/open-identity.js'
import { revokeToken } from '#central/identity/tokens.js'
import { placeFor } from './place.js'
import { tokenV3 } from './token-view.js'

const tags = ['identity']

/** `GET`, `HEAD` and `DELETE /v3/auth/tokens`: one's own token, or anybody's for admins. */
export function tokenRoutes(app: FastifyInstance, context: Context): void {
  const { store } = context
  const identity = openIdentity(context)
  const placeOf = placeFor(context)

  async function subjectOf(
    request: FastifyRequest,
  ): Promise<{ token: string; subject: Authenticated }> {
    const token = request.headers['x-subject-token']
    if (typeof token !== 'string') throw new Fault('badRequest', 'X-Subject-Token is missing')
    const subject = await identity.authenticate(token)
    const isTheirs = subject?.user.id === request.authenticated?.user.id
    if (subject === undefined || !(isTheirs || request.caller?.isAdmin)) {
      throw new Fault('itemNotFound', 'Could not find token.')
    }
    return { token, subject }
  }

  app.get(
    '/identity/v3/auth/tokens',
    {
      config: { access: 'token' },
      schema: { tags, summary: 'What a token says', ...answers(200, 'the token; 404') },
    },
    async (request, reply) => {
      const { token, subject } = await subjectOf(request)
      reply.header('X-Subject-Token', token)
      return tokenV3(subject, { place: placeOf(request), methods: ['password'] })
    },
  )
  app.delete(
    '/identity/v3/auth/tokens',
    {
      config: { access: 'token' },
      schema: { tags, summary: 'End a token', ...answers(204, 'it has ended') },
    },
    async (request, reply) => {
      const { token } = await subjectOf(request)
      const isOurs = await store.write((tx) => revokeToken(tx, token))
      if (!isOurs) throw new Fault('notImplemented', 'this token ends where it was issued')
      return await reply.code(204).send()
    },
  )
}
