import type { FastifyInstance } from 'fastify'
import { requireCaller } from '#central/api/caller.js'
import type { Context } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import { answers } from '#central/api/routes.js'
import { findServer } from '#central/server/find-server.js'
import type { ServerPath } from './server-change.js'
import { portsOf } from './server-details.js'
import { addressesOf, attachmentsOf, diagnosticView, isoTime } from './server-view.js'

const base = '/compute/v2.1/servers/:id'

const tags = ['servers']

/** Most messages of an install that are shown. */
const maxDiagnostics = 500

/** A server's addresses, and what its install told. */
export function addressRoutes(app: FastifyInstance, { store }: Context): void {
  app.get<ServerPath>(
    `${base}/ips`,
    { schema: { tags, summary: "A server's addresses", ...answers(200, '`{"addresses": {..}}`') } },
    async (request) => {
      const row = await findServer(store.read, requireCaller(request), request.params.id)
      const ports = await portsOf(store, row.id)
      return { addresses: addressesOf(ports), attachments: attachmentsOf(ports) }
    },
  )
  app.get<{ Params: { id: string; network: string } }>(
    `${base}/ips/:network`,
    { schema: { tags, summary: 'Those in one network', ...answers(200, '`{"<network>": [..]}`') } },
    async (request) => {
      const { id, network } = request.params
      const row = await findServer(store.read, requireCaller(request), id)
      const all = addressesOf(await portsOf(store, row.id))
      if (!Object.hasOwn(all, network)) {
        throw new Fault('itemNotFound', 'Instance is not a member of specified network')
      }
      return { [network]: all[network] }
    },
  )
  app.get<ServerPath>(
    `${base}/diagnostics`,
    {
      schema: {
        tags,
        summary: "What a server's install told",
        ...answers(200, 'an object at /v2.1; the list alone, newest first, at /v2 and /v1.1'),
      },
    },
    async (request) => {
      const caller = requireCaller(request)
      const row = await findServer(store.read, caller, request.params.id)
      const rows = await store.read
        .selectFrom('diagnostics')
        .selectAll()
        .where('server_id', '=', row.id)
        .orderBy('id', 'desc')
        .limit(maxDiagnostics)
        .execute()
      const told = rows.map(diagnosticView)
      if (!/^(\/compute)?\/v2\.1\//.test(request.originalUrl)) return told
      return {
        state: row.power.toLowerCase(),
        progress: row.progress,
        operation: row.op_code,
        operation_status: row.op_status,
        operation_log: row.op_log,
        updated: isoTime(row.updated_ms),
        messages: told,
      }
    },
  )
}
