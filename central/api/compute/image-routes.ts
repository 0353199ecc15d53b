import type { FastifyInstance } from 'fastify'
import { requireCaller } from '#central/api/caller.js'
import type { Caller, Context } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import { publicUrl } from '#central/api/public-url.js'
import { answers } from '#central/api/routes.js'
import { type ImageRow, visibleImages } from '#central/server/offers.js'
import { limitOf, type Query, single } from './list-query.js'
import { isoTime, links } from './server-view.js'

const tags = ['images']

const base = '/compute/v2.1/images'

/** Images by the compute API; Glance's is beside it (`api/image/`). They are made by `okeanid-central image`. */
export function imageRoutes(app: FastifyInstance, { store, config }: Context): void {
  for (const path of ['', '/detail']) {
    app.get<{ Querystring: Query }>(
      `${base}${path}`,
      { schema: { tags, summary: 'Images', ...answers(200, '`{"images": [..]}`') } },
      async (request) => {
        const url = publicUrl(config, request)
        const name = single(request.query, 'name')
        const all = visibleImages(store.read, requireCaller(request)).orderBy('id')
        const marker = single(request.query, 'marker')
        const behind = marker === undefined ? all : all.where('id', '>', marker)
        const named = name === undefined ? behind : behind.where('name', '=', name)
        const rows = await named.limit(limitOf(request.query)).execute()
        return { images: rows.map((row) => (path === '' ? short(row, url) : imageView(row, url))) }
      },
    )
  }
  app.get<{ Params: { id: string } }>(
    `${base}/:id`,
    { schema: { tags, summary: 'An image', ...answers(200, '`{"image": {..}}`') } },
    async (request) => ({
      image: imageView(
        await find(requireCaller(request), request.params.id),
        publicUrl(config, request),
      ),
    }),
  )
  app.get<{ Params: { id: string } }>(
    `${base}/:id/metadata`,
    { schema: { tags, summary: "An image's properties", ...answers(200, '`{"metadata": {..}}`') } },
    async (request) => ({
      metadata: propertiesOf(await find(requireCaller(request), request.params.id)),
    }),
  )

  async function find(caller: Caller, id: string): Promise<ImageRow> {
    const row = await visibleImages(store.read, caller).where('id', '=', id).executeTakeFirst()
    if (row === undefined) throw new Fault('itemNotFound', `Image ${id} could not be found.`)
    return row
  }
}

/** An image's properties. */
export function propertiesOf({ properties }: ImageRow): Readonly<Record<string, string>> {
  return JSON.parse(properties === '' ? '{}' : properties) as Record<string, string>
}

function short({ id, name }: ImageRow, url: string) {
  return { id, name, links: links(url, `images/${id}`) }
}

function imageView(row: ImageRow, url: string) {
  return {
    ...short(row, url),
    status: 'ACTIVE',
    progress: 100,
    minDisk: row.min_disk_gib,
    minRam: row.min_ram_mib,
    created: isoTime(row.created_ms),
    updated: isoTime(row.updated_ms),
    metadata: propertiesOf(row),
  }
}
