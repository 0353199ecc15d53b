import { requireCaller } from '#central/api/caller.js'
import { propertiesOf } from '#central/api/compute/image-routes.js'
import { limitOf, type Query, single } from '#central/api/compute/list-query.js'
import { isoTime } from '#central/api/compute/server-view.js'
import { Fault } from '#central/api/fault.js'
import { answers, type Routes } from '#central/api/routes.js'
import { type ImageRow, visibleImages } from '#central/server/offers.js'
import { missingRoutes } from './missing-routes.js'

const tags = ['images']

const base = '/image/v2/images'

/** Of Glance's API what lists images. */
export const imageRoutes: Routes = (app, context) => {
  const { store } = context
  app.get<{ Querystring: Query }>(
    base,
    { schema: { tags, summary: "Images in Glance's form", ...answers(200, '`{"images": [..]}`') } },
    async (request) => {
      const { query } = request
      const marker = single(query, 'marker')
      const limit = limitOf(query)
      let all = visibleImages(store.read, requireCaller(request)).orderBy('id')
      if (marker !== undefined) all = all.where('id', '>', marker)
      for (const [name, column] of filters) {
        const value = single(query, name)
        if (value !== undefined) all = all.where(column, '=', value.replace(/^in:/, ''))
      }
      const visibility = single(query, 'visibility')
      if (visibility === 'public') all = all.where('is_public', '=', 1)
      else if (visibility === 'private') all = all.where('is_public', '=', 0)
      // every image is active, and none is hidden
      const isEmpty =
        (single(query, 'status') ?? 'active') !== 'active' || single(query, 'os_hidden') === 'True'
      const rows = isEmpty ? [] : await all.limit(limit + 1).execute()
      const shown = rows.slice(0, limit)
      const last = shown.at(-1)
      return {
        images: shown.map(imageView),
        first: base,
        schema: '/v2/schemas/images',
        ...(rows.length > limit && last && { next: `${base}?marker=${last.id}&limit=${limit}` }),
      }
    },
  )
  app.get<{ Params: { id: string } }>(
    `${base}/:id`,
    { schema: { tags, summary: "An image in Glance's form", ...answers(200, 'the image') } },
    async (request) => {
      const { id } = request.params
      const images = visibleImages(store.read, requireCaller(request))
      const row = await images.where('id', '=', id).executeTakeFirst()
      if (row === undefined) throw new Fault('itemNotFound', `No image found with ID ${id}`)
      return imageView(row)
    },
  )
  missingRoutes(app, context)
}

const filters = [
  ['name', 'name'],
  ['id', 'id'],
  ['owner', 'project_id'],
] as const

function imageView(row: ImageRow) {
  return {
    ...propertiesOf(row),
    id: row.id,
    name: row.name,
    status: 'active',
    visibility: row.is_public === 1 ? 'public' : 'private',
    owner: row.project_id,
    min_disk: row.min_disk_gib,
    min_ram: row.min_ram_mib,
    protected: true,
    os_hidden: false,
    tags: [],
    size: null,
    virtual_size: null,
    checksum: null,
    container_format: 'bare',
    disk_format: 'raw',
    created_at: isoTime(row.created_ms),
    updated_at: isoTime(row.updated_ms),
    self: `${base}/${row.id}`,
    file: `${base}/${row.id}/file`,
    schema: '/v2/schemas/image',
  }
}
