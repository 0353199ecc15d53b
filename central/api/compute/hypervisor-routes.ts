import type { FastifyInstance } from 'fastify'
import type { Context } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import { answers } from '#central/api/routes.js'
import type { Row } from '#central/store/schema.js'
import { limitOf, type Query, single } from './list-query.js'

const tags = ['hypervisors']

const base = '/compute/v2.1/os-hypervisors'

/** A cluster, and the processors of its servers. */
type Cluster = Row<'backends'> & { readonly vcpusUsed: number }

/**
 * Hypervisors, for admins: each Ganeti cluster is one, as Nova shows clusters that choose nodes by themselves. What is told is what
 * was read of it last, sums over the nodes that take instances: nobody waits for Ganeti.
 */
export function hypervisorRoutes(app: FastifyInstance, { store }: Pick<Context, 'store'>): void {
  const config = { access: 'admin' } as const
  const schema = (summary: string, body: string) => ({ tags, summary, ...answers(200, body) })
  for (const path of ['', '/detail']) {
    app.get<{ Querystring: Query }>(
      `${base}${path}`,
      { config, schema: schema('Clusters as hypervisors', '`{"hypervisors": [..]}`') },
      async ({ query }) => {
        const pattern = single(query, 'hypervisor_hostname_pattern') ?? ''
        const marker = Number(single(query, 'marker') ?? -1)
        const found = (await clusters()).filter(
          ({ id, cluster_name: name }) => id > marker && name.includes(pattern),
        )
        const shown = found.slice(0, limitOf(query))
        return { hypervisors: shown.map(path === '' ? short : detailed) }
      },
    )
  }
  app.get(
    `${base}/statistics`,
    { config, schema: schema('Sums over all of them', '`{"hypervisor_statistics": {..}}`') },
    async () => ({ hypervisor_statistics: sums((await clusters()).map(detailed)) }),
  )
  app.get<{ Params: { readonly id: string } }>(
    `${base}/:id`,
    { config, schema: schema('One of them', '`{"hypervisor": {..}}`') },
    async ({ params }) => {
      const row = (await clusters()).find(({ id }) => String(id) === params.id)
      if (row === undefined) throw missing(params.id)
      return { hypervisor: detailed(row) }
    },
  )
  app.get<{ Params: { readonly id: string } }>(
    `${base}/:id/search`,
    { config, schema: schema('Those with this in their names', '`{"hypervisors": [..]}`') },
    async ({ params }) => {
      const found = (await clusters()).filter(({ cluster_name: name }) => name.includes(params.id))
      if (found.length === 0) throw missing(params.id)
      return { hypervisors: found.map(short) }
    },
  )

  async function clusters(): Promise<readonly Cluster[]> {
    const rows = await store.read.selectFrom('backends').selectAll().orderBy('id').execute()
    const used = await store.read
      .selectFrom('servers')
      .select(({ fn }) => ['backend_id', fn.sum<number | string>('vcpus').as('vcpus')])
      .where('deleted_ms', 'is', null)
      .groupBy('backend_id')
      .execute()
    const usedAt = new Map(used.map(({ backend_id: id, vcpus }) => [id, Number(vcpus)]))
    return rows.map((row) => ({ ...row, vcpusUsed: usedAt.get(row.id) ?? 0 }))
  }
}

function missing(id: string): Fault {
  return new Fault('itemNotFound', `Hypervisor ${id.slice(0, 64)} could not be found.`)
}

function short({ id, cluster_name: name, is_offline, is_drained }: Cluster) {
  return {
    id,
    hypervisor_hostname: name,
    state: is_offline === 1 ? 'down' : 'up',
    status: is_drained === 1 ? 'disabled' : 'enabled',
  }
}

function detailed(row: Cluster) {
  const gib = (mib: number) => Math.trunc(mib / 1024)
  return {
    ...short(row),
    hypervisor_type: row.hypervisor,
    hypervisor_version: versionNumber(row.ganeti_version),
    host_ip: hostOf(row.rapi_urls),
    service: { id: row.id, host: row.cluster_name, disabled_reason: null },
    vcpus: row.cpu_total,
    vcpus_used: row.vcpusUsed,
    memory_mb: row.memory_total_mib,
    memory_mb_used: row.memory_total_mib - row.memory_free_mib,
    free_ram_mb: row.memory_free_mib,
    local_gb: gib(row.disk_total_mib),
    local_gb_used: gib(row.disk_total_mib - row.disk_free_mib),
    free_disk_gb: gib(row.disk_free_mib),
    disk_available_least: gib(row.disk_free_mib),
    running_vms: row.instance_count,
    current_workload: 0,
    cpu_info: '',
    'SNF:nodes': row.node_count,
    'SNF:node_groups': JSON.parse(row.node_groups === '' ? '[]' : row.node_groups),
    'SNF:ganeti_version': row.ganeti_version,
  }
}

/** Keys of which the sum says something. */
const summed = [
  ...['vcpus', 'vcpus_used', 'memory_mb', 'memory_mb_used', 'free_ram_mb', 'local_gb'],
  ...['local_gb_used', 'free_disk_gb', 'disk_available_least', 'running_vms', 'current_workload'],
] as const

function sums(all: readonly ReturnType<typeof detailed>[]) {
  const sumOf = (key: string) =>
    all.reduce((sum, one) => sum + Number(one[key as keyof typeof one]), 0)
  return { count: all.length, ...Object.fromEntries(summed.map((key) => [key, sumOf(key)])) }
}

/** `3.1.1` is 3001001, as Nova counts versions. */
function versionNumber(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version
    .split(/[.~]/)
    .map((part) => Number.parseInt(part, 10) || 0)
  return (major * 1000 + minor) * 1000 + patch
}

function hostOf(urls: string): string {
  const [first] = JSON.parse(urls) as readonly string[]
  return first === undefined ? '' : new URL(first).hostname
}
