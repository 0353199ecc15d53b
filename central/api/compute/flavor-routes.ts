import type { FastifyInstance } from 'fastify'
import { requireCaller } from '#central/api/caller.js'
import type { Caller, Context } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import { publicUrl } from '#central/api/public-url.js'
import { answers } from '#central/api/routes.js'
import { type FlavorRow, findFlavor } from '#central/server/offers.js'
import { limitOf, type Query, single } from './list-query.js'
import { links } from './server-view.js'

const tags = ['flavors']

const base = '/compute/v2.1/flavors'

/** Sizes of servers; they are made by `okeanid-central flavor`. */
export function flavorRoutes(app: FastifyInstance, { store, config }: Context): void {
  for (const path of ['', '/detail']) {
    app.get<{ Querystring: Query }>(
      `${base}${path}`,
      { schema: { tags, summary: 'Flavors', ...answers(200, '`{"flavors": [..]}`') } },
      async (request) => {
        const url = publicUrl(config, request)
        const rows = await visible(requireCaller(request))
        const flavors = page(rows, request.query)
        return {
          flavors: flavors.map((row) => (path === '' ? short(row, url) : flavorView(row, url))),
        }
      },
    )
  }
  app.get<{ Params: { id: string } }>(
    `${base}/:id`,
    { schema: { tags, summary: 'A flavor', ...answers(200, '`{"flavor": {..}}`') } },
    async (request) => ({
      flavor: flavorView(
        await find(requireCaller(request), request.params.id),
        publicUrl(config, request),
      ),
    }),
  )
  app.get<{ Params: { id: string } }>(
    `${base}/:id/os-extra_specs`,
    { schema: { tags, summary: 'Further properties', ...answers(200, '`{"extra_specs": {..}}`') } },
    async (request) => ({
      extra_specs: specsOf(await find(requireCaller(request), request.params.id)),
    }),
  )

  function visible({ isAdmin }: Caller): Promise<FlavorRow[]> {
    const query = store.read
      .selectFrom('flavors')
      .selectAll()
      .where('deleted_ms', 'is', null)
      .orderBy('id')
    return (isAdmin ? query : query.where('is_public', '=', 1)).execute()
  }

  async function find({ isAdmin }: Caller, id: string): Promise<FlavorRow> {
    const row = await findFlavor(store.read, id)
    if (row === undefined || (row.is_public !== 1 && !isAdmin)) {
      throw new Fault('itemNotFound', `Flavor ${id} could not be found.`)
    }
    return row
  }
}

function page(rows: readonly FlavorRow[], query: Query): readonly FlavorRow[] {
  const marker = single(query, 'marker')
  const from = marker === undefined ? 0 : rows.findIndex(({ id }) => id === marker) + 1
  if (marker !== undefined && from === 0)
    throw new Fault('badRequest', `marker [${marker}] not found`)
  const minRam = Number(single(query, 'minRam') ?? 0)
  const minDisk = Number(single(query, 'minDisk') ?? 0)
  if (Number.isNaN(minRam + minDisk))
    throw new Fault('badRequest', 'minRam and minDisk want numbers')
  return rows
    .slice(from)
    .filter((row) => row.ram_mib >= minRam && row.disk_gib >= minDisk)
    .slice(0, limitOf(query))
}

function short({ id, name }: FlavorRow, url: string) {
  return { id, name, links: links(url, `flavors/${id}`) }
}

function flavorView(row: FlavorRow, url: string) {
  return {
    ...short(row, url),
    ram: row.ram_mib,
    disk: row.disk_gib,
    vcpus: row.vcpus,
    swap: '',
    rxtx_factor: 1,
    'OS-FLV-EXT-DATA:ephemeral': 0,
    'OS-FLV-DISABLED:disabled': false,
    'os-flavor-access:is_public': row.is_public === 1,
    'SNF:disk_template': row.disk_template,
  }
}

function specsOf({ disk_template }: FlavorRow) {
  return disk_template === '' ? {} : { 'ganeti:disk_template': disk_template }
}
