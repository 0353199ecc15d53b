import { defaultCentralConfig } from '#central/config/central-config.js'
import { createNames } from '#central/names.js'
import { createSealer } from '#central/store/seal.js'
import type { Store } from '#central/store/store.js'
import type { Incoming } from '#central/update/incoming.js'
import { takeMessages } from '#central/update/take-messages.js'
import type { UpdateDeps } from '#central/update/update-deps.js'
import { nowMs } from '../state/messages.js'

/** What taking messages needs, on a store. */
export function depsOn(store: Store): UpdateDeps {
  return {
    store,
    names: createNames('snf-'),
    sealer: createSealer('test'),
    config: defaultCentralConfig(),
    nowMs: () => nowMs,
  }
}

/** A cluster `c1`, or another. */
export async function addBackend(
  store: Store,
  {
    id = 1,
    name = 'c1',
    brokerUser = null,
  }: { readonly id?: number; readonly name?: string; readonly brokerUser?: string | null } = {},
): Promise<void> {
  await store.write((tx) =>
    tx
      .insertInto('backends')
      .values({
        ...{ id, cluster_name: name, rapi_urls: '[]', rapi_user: '', rapi_password: '' },
        ...{ rapi_ca: '', broker_user: brokerUser, is_drained: 0, is_offline: 0 },
        ...{ hypervisor: 'kvm', disk_templates: '[]', node_count: 1, cpu_total: 8 },
        ...{ memory_total_mib: 8192, memory_free_mib: 8192, disk_total_mib: 1, disk_free_mib: 1 },
        ...{ instance_count: 0, updated_ms: 0, ganeti_version: '' },
      } as never)
      .execute(),
  )
}

/** Servers `snf-<id>` of project `p` that are being built. */
export async function addServers(
  store: Store,
  ids: readonly number[],
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const server = {
    ...{ project_id: 'p', user_id: 'u', backend_id: 1, instance_uuid: null, flavor_id: '1' },
    ...{ image_id: null, key_name: null, power: 'BUILD', power_stamp: '', progress: 0 },
    ...{ progress_stamp: '', op_code: null, op_status: null, op_job_id: null, op_log: null },
    ...{ op_stamp: '', vcpus: 1, ram_mib: 1024, disk_mib: 0, nics_stamp: '', node: null },
    ...{ node_stamp: '', task: null, task_intent_id: null, old_flavor_id: null, fault_code: null },
    ...{ fault_message: null, fault_ms: null, is_adopted: 0, created_ms: 1, updated_ms: 1 },
    ...{ deleted_ms: null, ...more },
  }
  for (let from = 0; from < ids.length; from += 500) {
    await store.write((tx) =>
      tx
        .insertInto('servers')
        .values(
          ids
            .slice(from, from + 500)
            .map((id) => ({ ...server, id, name: `s${id}`, instance_name: `snf-${id}` })) as never,
        )
        .execute(),
    )
  }
}

/** An intent of cluster 1 that has become a job. */
export async function addIntent(
  store: Store,
  { serverId, jobId }: { readonly serverId: number; readonly jobId: number },
): Promise<number> {
  return await store.write(async (tx) => {
    const { id } = await tx
      .insertInto('intents')
      .values({
        ...{ backend_id: 1, kind: 'start', server_id: serverId, network_id: null, port_id: null },
        ...{ request: '', after: '[]', status: 'submitted', job_id: jobId, attempts: 1 },
        ...{ next_ms: 0, reason: null, created_ms: 1, updated_ms: 1 },
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    await tx
      .updateTable('servers')
      .set({ task: 'START', task_intent_id: id })
      .where('id', '=', serverId)
      .execute()
    return id
  })
}

let count = 0

/** A message with this body; each call makes another id, unless one is given. */
export function incoming(body: object | string, more: Partial<Incoming> = {}): Incoming {
  count += 1
  return {
    messageId: `m${count}`,
    routingKey: 'ganeti.snf.event.op',
    headers: {},
    body: typeof body === 'string' ? body : JSON.stringify(body),
    userId: undefined,
    ...more,
  }
}

/** Takes messages in one transaction. */
export function take(store: Store, messages: readonly Incoming[]) {
  return store.write((tx) => takeMessages(tx, depsOn(store), messages))
}

/** A server's row. */
export function serverOf(store: Store, id: number) {
  return store.read.selectFrom('servers').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
}

/** Kinds and bodies of the events, oldest first. */
export async function eventsOf(store: Store) {
  const rows = await store.read.selectFrom('events').selectAll().orderBy('id').execute()
  return rows.map(({ kind, body, project_id }) => ({
    kind,
    project: project_id,
    ...(JSON.parse(body) as Record<string, unknown>),
  }))
}
