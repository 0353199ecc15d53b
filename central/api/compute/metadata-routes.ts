import type { FastifyInstance } from 'fastify'
import { requireCaller } from '#central/api/caller.js'
import type { Context } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import { answers } from '#central/api/routes.js'
import { findServer, lockServer } from '#central/server/find-server.js'
import { type Metadata, metadataOf, putMetadata, removeMetadata } from '#central/server/metadata.js'
import { requireMetadataRoom } from './body-limits.js'
import { change } from './change.js'
import { metadataSchema } from './server-body.js'
import { type ServerPath, wishOf } from './server-change.js'

const base = '/compute/v2.1/servers/:id/metadata'

const tags = ['servers']

type KeyPath = { readonly Params: { readonly id: string; readonly key: string } }

/** Notes on servers. */
export function metadataRoutes(app: FastifyInstance, context: Context): void {
  const { store, config } = context

  async function all(request: Parameters<typeof requireCaller>[0], id: string): Promise<Metadata> {
    const row = await findServer(store.read, requireCaller(request), id)
    return await metadataOf(store.read, row.id)
  }

  app.get<ServerPath>(
    base,
    { schema: { tags, summary: 'Notes on a server', ...answers(200, '`{"metadata": {..}}`') } },
    async (request) => ({ metadata: await all(request, request.params.id) }),
  )
  for (const method of ['POST', 'PUT'] as const) {
    const isWhole = method === 'PUT'
    app.route<ServerPath & { Body: { readonly metadata: Metadata } }>({
      method,
      url: base,
      schema: {
        tags,
        summary: isWhole ? 'Write all notes anew' : 'Add notes, or change them',
        body: { type: 'object', required: ['metadata'], properties: { metadata: metadataSchema } },
        ...answers(200, '`{"metadata": {..}}`'),
      },
      handler: async (request) => {
        const metadata = await change(context, async (tx) => {
          const { id } = await lockServer(tx, { store, ...wishOf(request) })
          if (isWhole) await removeMetadata(tx, { serverId: id })
          await putMetadata(tx, { serverId: id, metadata: request.body.metadata })
          const made = await metadataOf(tx, id)
          requireMetadataRoom(config, made)
          return made
        })
        return { metadata }
      },
    })
  }
  app.get<KeyPath>(
    `${base}/:key`,
    { schema: { tags, summary: 'A note', ...answers(200, '`{"meta": {..}}`') } },
    async (request) => {
      const { id, key } = request.params
      const metadata = await all(request, id)
      if (!Object.hasOwn(metadata, key)) throw missing()
      return { meta: { [key]: metadata[key] } }
    },
  )
  app.put<KeyPath & { Body: { readonly meta: Metadata } }>(
    `${base}/:key`,
    {
      schema: {
        tags,
        summary: 'Write a note',
        body: {
          type: 'object',
          required: ['meta'],
          properties: { meta: { ...metadataSchema, minProperties: 1, maxProperties: 1 } },
        },
        ...answers(200, '`{"meta": {..}}`'),
      },
    },
    async (request) => {
      const { meta } = request.body
      if (!Object.hasOwn(meta, request.params.key)) {
        throw new Fault('badRequest', 'Request body and URI mismatch')
      }
      await change(context, async (tx) => {
        const { id } = await lockServer(tx, { store, ...wishOf(request) })
        await putMetadata(tx, { serverId: id, metadata: meta })
        requireMetadataRoom(config, await metadataOf(tx, id))
      })
      return { meta }
    },
  )
  app.delete<KeyPath>(
    `${base}/:key`,
    { schema: { tags, summary: 'Remove a note', ...answers(204, 'it is gone') } },
    async (request, reply) => {
      const { key } = request.params
      const count = await change(context, async (tx) => {
        const { id } = await lockServer(tx, { store, ...wishOf(request) })
        return await removeMetadata(tx, { serverId: id, key })
      })
      if (count === 0) throw missing()
      return await reply.code(204).send()
    },
  )
}

function missing(): Fault {
  return new Fault('itemNotFound', 'Metadata item was not found')
}
