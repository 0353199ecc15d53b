import type { FastifyInstance } from 'fastify'
import { requireCaller } from '#central/api/caller.js'
import type { Context } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import { answers } from '#central/api/routes.js'
import { findServer } from '#central/server/find-server.js'
import { actions, missingActions } from './actions.js'
import { consoleOf } from './consoles.js'
import type { ServerPath } from './server-change.js'

const base = '/compute/v2.1/servers/:id'

const tags = ['servers']

/** `POST /servers/{id}/action`: exactly one, by its key. */
export function actionRoutes(app: FastifyInstance, context: Context): void {
  const properties = Object.fromEntries(
    Object.entries(actions).map(([name, { argument = {} }]) => [name, argument]),
  )
  app.post<ServerPath & { Body: Readonly<Record<string, unknown>> }>(
    `${base}/action`,
    {
      schema: {
        tags,
        summary: 'Do something with a server',
        body: { type: 'object', minProperties: 1, maxProperties: 1, properties },
        ...answers(202, 'it is being done; consoles 200, `confirmResize` 204, others of Nova 501'),
      },
    },
    async (request, reply) => {
      const [name = ''] = Object.keys(request.body)
      const action = Object.hasOwn(actions, name) ? actions[name] : undefined
      if (action === undefined) {
        await findServer(context.store.read, requireCaller(request), request.params.id)
        if (missingActions.has(name)) throw new Fault('notImplemented', `${name} is not done here`)
        throw new Fault('badRequest', `There is no such action: ${name.slice(0, 64)}`)
      }
      const { status, body } = await action.run(context, request, request.body[name])
      return await reply.code(status).send(body)
    },
  )
  app.post<ServerPath & { Body: { readonly remote_console: { protocol: string; type: string } } }>(
    `${base}/remote-consoles`,
    {
      schema: {
        tags,
        summary: 'Look at the screen of a server',
        body: consoleBody,
        ...answers(200, '`url` of a WebSocket that can be opened once'),
      },
    },
    async (request) => {
      const { protocol, type } = request.body.remote_console
      const { url } = await consoleOf(context, request)
      if (protocol !== 'vnc') throw new Fault('notImplemented', 'the protocol here is vnc')
      return { remote_console: { protocol, type, url } }
    },
  )
}

const consoleBody = {
  type: 'object',
  required: ['remote_console'],
  properties: {
    remote_console: {
      type: 'object',
      required: ['protocol', 'type'],
      properties: {
        protocol: { type: 'string', enum: ['vnc', 'spice', 'rdp', 'serial', 'mks'] },
        type: { type: 'string', minLength: 1, maxLength: 32 },
      },
    },
  },
} as const
