import { type Kysely, sql } from 'kysely'
import type { CentralConfig } from '#central/config/central-config.js'
import type { Database } from '#central/store/schema.js'
import type { Change } from '#central/store/store.js'
import type { ServerRoom } from './server-room.js'

/** What is limited: the keys of `[quota]`. */
export type Resource = keyof CentralConfig['quota']

/** An amount of each. */
export type Amounts = Readonly<Record<Resource, number>>

/** Any number: the locks of projects. */
const projectLock = 0x6f6b_7170

/**
 * Holds off whoever else would use a project's quota until this change is done. Projects of an external Keystone have no row
 * that could be locked; in SQLite a change is alone anyway.
 */
export async function lockQuota(
  tx: Change,
  {
    store,
    projectId,
  }: { readonly store: Pick<ServerRoom['store'], 'engine'>; readonly projectId: string },
): Promise<void> {
  if (store.engine !== 'postgres') return
  await sql`select pg_advisory_xact_lock(${projectLock}, hashtext(${projectId}))`.execute(tx)
}

/** Limits of a project: its own where it has them, else those of the configuration. -1: none. */
export async function limitsOf(
  db: Kysely<Database>,
  { config, projectId }: Pick<ServerRoom, 'config'> & { readonly projectId: string },
): Promise<Amounts> {
  const rows = await db
    .selectFrom('quotas')
    .select(['resource', 'quota'])
    .where('project_id', '=', projectId)
    .execute()
  return { ...config.quota, ...Object.fromEntries(rows.map((row) => [row.resource, row.quota])) }
}

/** What a project has. Of key pairs a user has; they are not counted here. */
export async function usageOf(db: Kysely<Database>, projectId: string): Promise<Amounts> {
  const count = (table: 'ports' | 'floating_ips') =>
    db
      .selectFrom(table)
      .select(({ fn }) => fn.countAll().as('count'))
      .where('project_id', '=', projectId)
  const { rows } = await sql<Record<keyof Amounts, unknown>>`
    select count(*) as servers, sum(s.vcpus) as vcpus, sum(s.ram_mib) as ram, sum(s.disk_mib) as disk,
      (select count(*) from networks where project_id = ${projectId} and deleted_ms is null) as networks,
      (${count('ports')}) as ports, (${count('floating_ips')}) as floating_ips
    from servers s where s.project_id = ${projectId} and s.deleted_ms is null`.execute(db)
  const row = rows[0]
  const number = (resource: Resource) => Number(row?.[resource] ?? 0)
  return {
    servers: number('servers'),
    vcpus: number('vcpus'),
    ram: number('ram'),
    disk: Math.ceil(number('disk') / mibPerGib),
    networks: number('networks'),
    ports: number('ports'),
    floating_ips: number('floating_ips'),
    keypairs: 0,
  }
}

const mibPerGib = 1024

/** Nova's words for what is exceeded. */
const words: Partial<Readonly<Record<Resource, string>>> = {
  servers: 'instances',
  vcpus: 'cores',
  keypairs: 'key_pairs',
}

/** The first resource of which more would be used than is allowed, in Nova's words, with the figures; or undefined. */
export function exceeded({
  limits,
  usage,
  wanted,
}: {
  readonly limits: Amounts
  readonly usage: Amounts
  readonly wanted: Partial<Amounts>
}): string | undefined {
  const resource = (Object.keys(wanted) as Resource[]).find(
    (one) =>
      limits[one] >= 0 && (wanted[one] ?? 0) > 0 && usage[one] + (wanted[one] ?? 0) > limits[one],
  )
  if (resource === undefined) return undefined
  const word = words[resource] ?? resource
  return `Quota exceeded for ${word}: Requested ${wanted[resource]}, but already used ${usage[resource]} of ${limits[resource]} ${word}`
}
