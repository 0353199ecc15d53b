import type { FastifyInstance } from 'fastify'
import { requireCaller } from '#central/api/caller.js'
import type { Context } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import { publicUrl } from '#central/api/public-url.js'
import { answers } from '#central/api/routes.js'
import { createServers } from '#central/server/create-server.js'
import { deleteServer } from '#central/server/delete-server.js'
import { findServer } from '#central/server/find-server.js'
import { renameServer } from '#central/server/rename-server.js'
import { change } from './change.js'
import { createWishOf, namesOf } from './create-wish.js'
import { nextQuery, type Query } from './list-query.js'
import { listServers } from './list-servers.js'
import { type CreateBody, createBody, renameBody } from './server-body.js'
import { serverDetails } from './server-details.js'
import { bookmark, links, serverView, shortServer } from './server-view.js'
import { viewOptions } from './view-options.js'

const tags = ['servers']

const base = '/compute/v2.1/servers'

/** What is done with servers as a whole. */
export function serverRoutes(app: FastifyInstance, context: Context): void {
  const { store, config } = context
  const optionsOf = viewOptions(context)

  app.get<{ Querystring: Query }>(
    base,
    { schema: { tags, summary: 'Servers in short', ...answers(200, '`{"servers": [..]}`') } },
    async (request) => {
      const { query } = request
      const page = await listServers(context, { caller: requireCaller(request), query })
      const { url } = optionsOf(request)
      const servers = page.rows.map((row) => shortServer(row, url))
      return { servers, ...nextLink({ page, query, url: `${url}${base}` }) }
    },
  )
  app.get<{ Querystring: Query }>(
    `${base}/detail`,
    { schema: { tags, summary: 'Servers in full', ...answers(200, '`{"servers": [..]}`') } },
    async (request) => {
      const { query } = request
      const page = await listServers(context, { caller: requireCaller(request), query })
      const options = optionsOf(request)
      const details = await serverDetails(store, page.rows)
      const servers = details.map((parts) => serverView(parts, options))
      return { servers, ...nextLink({ page, query, url: `${options.url}${base}/detail` }) }
    },
  )
  app.post<{ Body: CreateBody }>(
    base,
    {
      schema: {
        tags,
        summary: 'Make a server',
        body: createBody,
        ...answers(202, 'it is being made; `adminPass` is not told again'),
      },
    },
    async (request, reply) => {
      const caller = requireCaller(request)
      const baseUrl = publicUrl(config, request)
      const wish = await createWishOf(context, { caller, body: request.body, baseUrl })
      const names = namesOf(request.body)
      const [first] = await change(context, (tx) => createServers(tx, context, { ...wish, names }))
      if (first === undefined) throw new Error('no server was made')
      const { id, adminPass } = first
      const path = `servers/${id}`
      reply.code(202).header('Location', `${baseUrl}/compute/v2.1/${path}`)
      return {
        server: {
          id: String(id),
          links: links(baseUrl, path),
          adminPass,
          'OS-DCF:diskConfig': 'MANUAL',
          security_groups: [{ name: 'default' }],
          name: names[0],
          status: 'BUILD',
          flavor: { id: wish.flavor.id, links: bookmark(baseUrl, `flavors/${wish.flavor.id}`) },
          image: { id: wish.image.id, links: bookmark(baseUrl, `images/${wish.image.id}`) },
        },
      }
    },
  )
  app.get<{ Params: { id: string } }>(
    `${base}/:id`,
    { schema: { tags, summary: 'A server in full', ...answers(200, '`{"server": {..}}`') } },
    async (request) => {
      const row = await findServer(store.read, requireCaller(request), request.params.id)
      const [parts] = await serverDetails(store, [row])
      return { server: parts && serverView(parts, optionsOf(request)) }
    },
  )
  app.put<{ Params: { id: string }; Body: { server: { name?: string } } }>(
    `${base}/:id`,
    {
      schema: {
        tags,
        summary: 'Rename a server',
        body: renameBody,
        ...answers(200, '`{"server": {..}}`'),
      },
    },
    async (request) => {
      const name = request.body.server.name?.trim()
      if (name === undefined) throw new Fault('badRequest', 'server: wants a name')
      const wish = { caller: requireCaller(request), id: request.params.id, name }
      const row = await change(context, (tx) => renameServer(tx, context, wish))
      const [parts] = await serverDetails(store, [row])
      return { server: parts && serverView(parts, optionsOf(request)) }
    },
  )
  app.delete<{ Params: { id: string } }>(
    `${base}/:id`,
    { schema: { tags, summary: 'Delete a server', ...answers(204, 'it is being deleted') } },
    async (request, reply) => {
      const wish = { caller: requireCaller(request), id: request.params.id }
      await change(context, (tx) => deleteServer(tx, context, wish))
      return await reply.code(204).send()
    },
  )
}

function nextLink({
  page: { rows, hasMore },
  query,
  url,
}: {
  readonly page: { readonly rows: readonly { readonly id: number }[]; readonly hasMore: boolean }
  readonly query: Query
  readonly url: string
}) {
  const last = rows.at(-1)
  if (!hasMore || last === undefined) return {}
  const href = `${url}?${nextQuery(query, String(last.id))}`
  return { servers_links: [{ rel: 'next', href }] }
}
