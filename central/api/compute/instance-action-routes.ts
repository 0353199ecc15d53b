import type { FastifyInstance } from 'fastify'
import { requireCaller } from '#central/api/caller.js'
import type { Context } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import { answers } from '#central/api/routes.js'
import { findServer } from '#central/server/find-server.js'
import type { ServerRow } from '#central/server/server-room.js'
import type { Row } from '#central/store/schema.js'
import { limitOf, type Query } from './list-query.js'
import type { ServerPath } from './server-change.js'
import { isoTime } from './server-view.js'

const tags = ['servers']

const base = '/compute/v2.1/servers/:id/os-instance-actions'

type Intent = Row<'intents'>

/** What was asked of Ganeti for a server, the newest first: each intent is an action, and its job the event of it. */
export function instanceActionRoutes(app: FastifyInstance, { store }: Context): void {
  app.get<ServerPath & { Querystring: Query }>(
    base,
    {
      schema: {
        tags,
        summary: 'What was asked of Ganeti for a server',
        ...answers(200, '`{"instanceActions": [..]}`'),
      },
    },
    async (request) => {
      const server = await findServer(store.read, requireCaller(request), request.params.id)
      const intents = await intentsOf(server)
        .orderBy('id', 'desc')
        .limit(limitOf(request.query))
        .execute()
      return { instanceActions: intents.map((one) => actionView(server, one)) }
    },
  )
  app.get<{ Params: ServerPath['Params'] & { readonly request: string } }>(
    `${base}/:request`,
    {
      schema: {
        tags,
        summary: 'One of them, with its job',
        ...answers(200, '`{"instanceAction": {.., "events": [..]}}`'),
      },
    },
    async (request) => {
      const { params } = request
      const server = await findServer(store.read, requireCaller(request), params.id)
      const [, number] = /^req-([1-9]\d{0,14})$/.exec(params.request) ?? []
      const intent = await intentsOf(server)
        .where('id', '=', Number(number ?? -1))
        .executeTakeFirst()
      if (intent === undefined) {
        const what = `Action for request_id ${params.request.slice(0, 64)}`
        throw new Fault('itemNotFound', `${what} on instance ${server.id} not found`)
      }
      return { instanceAction: { ...actionView(server, intent), events: eventsOf(intent) } }
    },
  )

  function intentsOf({ id }: ServerRow) {
    return store.read.selectFrom('intents').selectAll().where('server_id', '=', id)
  }
}

/** Nova's words for what ours mean; others are told as they are. */
const words: Readonly<Record<string, string>> = {
  'create-server': 'create',
  'delete-server': 'delete',
  connect: 'attach_interface',
  disconnect: 'detach_interface',
}

function actionView(server: ServerRow, { id, kind, status, reason, created_ms }: Intent) {
  return {
    action: words[kind] ?? kind,
    instance_uuid: String(server.id),
    request_id: `req-${id}`,
    // who asked is not kept
    user_id: null,
    project_id: server.project_id,
    start_time: isoTime(created_ms).replace(/Z$/, '.000000'),
    message: status === 'failed' ? (reason ?? 'failed') : null,
  }
}

function eventsOf({ kind, status, job_id: job, created_ms, updated_ms }: Intent) {
  const isOver = status === 'done' || status === 'failed'
  const time = (ms: number) => isoTime(ms).replace(/Z$/, '.000000')
  return [
    {
      event: job === null ? kind : `${kind}, job ${job}`,
      start_time: time(created_ms),
      finish_time: isOver ? time(updated_ms) : null,
      result: isOver ? (status === 'done' ? 'Success' : 'Error') : null,
      traceback: null,
    },
  ]
}
