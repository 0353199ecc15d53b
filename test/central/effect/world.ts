import path from 'node:path'
import type { Test } from 'tap'
import { openClients } from '#central/effect/clients.js'
import {
  defaultEffectOptions,
  type EffectDeps,
  type EffectOptions,
  type EffectStep,
} from '#central/effect/effect-deps.js'
import { createEffects } from '#central/effect/effects.js'
import { openIntent, type WantedIntent } from '#central/effect/open-intent.js'
import type { RapiRequest } from '#central/intent/rapi-request.js'
import { createInstance, startup } from '#central/intent/requests.js'
import { createSealer } from '#central/store/seal.js'
import type { Store } from '#central/store/store.js'
import type { JsonObject } from '#ganeti/json-value.js'
import { type Certificate, makeAuthority } from '../../support/certificates.js'
import { type FakeGaneti, startFakeGaneti } from '../../support/fake-ganeti/fake-ganeti.js'
import { ownFolder } from '../../support/own-folder.js'
import { until } from '../../support/until.js'

/** Seals what is under way. */
export const sealer = createSealer('of this test')

/** A store with one cluster, that cluster, and the effect path between them. */
export interface World {
  readonly store: Store
  readonly ganeti: FakeGaneti
  /** Bodies of messages that it told instead of the agents. */
  readonly told: readonly JsonObject[]
  readonly steps: readonly EffectStep[]
  /** Adds a server that is to be made. @returns its number */
  addServer(name: string): Promise<number>
  open(wanted: Omit<WantedIntent, 'backendId'>): Promise<number>
  /** Runs the effect path until the test ends, or the function is called. */
  run(): () => Promise<void>
  /** Waits until an intent has ended. */
  ended(id: number): Promise<{ readonly status: string; readonly reason: string | null }>
}

let certificate: Certificate | undefined

/** One for all worlds of a program: making one takes a second where much is going on. */
export function clusterCertificate(t: Test): Certificate {
  certificate ??= makeAuthority(path.join(ownFolder(t), 'authority')).sign('cluster')
  return certificate
}

/** Options for a machine that is busy, and tests that are not. */
export const quick: EffectOptions = {
  ...defaultEffectOptions,
  pollMs: 20,
  safeMs: 200,
  followMs: 50,
}

/** Opens one. */
export async function openWorld(
  t: Test,
  store: Store,
  {
    options = {},
    jobMs = 5,
    version = '3.1.1',
    timeoutMs = 10_000,
  }: {
    readonly options?: Partial<EffectOptions>
    readonly jobMs?: number
    readonly version?: string
    readonly timeoutMs?: number
  } = {},
): Promise<World> {
  const certificate = clusterCertificate(t)
  const ganeti = await startFakeGaneti({ certificate, jobMs, version })
  t.teardown(() => ganeti.close())
  await store.write((tx) => tx.insertInto('backends').values(backendRow(ganeti, version)).execute())
  const clients = openClients({ sealer, timeoutMs })
  t.teardown(() => clients.close())
  const told: JsonObject[] = []
  const steps: EffectStep[] = []
  const deps: EffectDeps = {
    store,
    sealer,
    clients,
    log: () => {},
    nowMs: Date.now,
    random: () => 0.5,
    takeMessages: async (_tx, messages) =>
      void told.push(...messages.map(({ body }) => JSON.parse(body))),
    wakeEvents: () => {},
    passed: (step) => void steps.push(step),
    options: { ...quick, ...options },
  }
  return {
    store,
    ganeti,
    told,
    steps,
    addServer: (name) => addServer(store, name),
    open: (wanted) =>
      store.write((tx) =>
        openIntent(tx, { sealer, nowMs: Date.now() }, { backendId: 1, ...wanted }),
      ),
    run() {
      const stop = new AbortController()
      const running = createEffects(deps).run(stop.signal)
      const end = () => {
        stop.abort()
        return running
      }
      t.teardown(end)
      return end
    },
    ended: (id) =>
      until(`intent ${id} to end`, async () => {
        const row = await intentRow(store, id)
        return row.status === 'done' || row.status === 'failed' ? row : undefined
      }),
  }
}

/** The row of an intent. */
export function intentRow({ read }: Store, id: number) {
  return read.selectFrom('intents').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
}

/** The row of a server. */
export function serverRow({ read }: Store, id: number) {
  return read.selectFrom('servers').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
}

/** A request that makes `name`. */
export function createRequest(name: string): RapiRequest {
  return createInstance({
    name,
    osType: 'noop+default',
    osparams: {},
    vcpus: 1,
    ramMib: 128,
    diskGib: 0,
    diskTemplate: 'diskless',
    nics: [],
    tags: [],
  })
}

/** A request that starts `name`. */
export function startRequest(name: string): RapiRequest {
  return startup(name)
}

/** A row of the one cluster. */
export function backendRow(ganeti: FakeGaneti, version: string) {
  return {
    id: 1,
    cluster_name: 'cluster.lab.example',
    rapi_urls: JSON.stringify([ganeti.url]),
    rapi_user: 'u',
    rapi_password: sealer.seal('p'),
    rapi_ca: ganeti.certificate.cert,
    broker_user: null,
    is_drained: 0,
    is_offline: 0,
    hypervisor: 'fake',
    disk_templates: '["diskless"]',
    node_count: 1,
    cpu_total: 8,
    memory_total_mib: 8192,
    memory_free_mib: 8192,
    disk_total_mib: 0,
    disk_free_mib: 0,
    instance_count: 0,
    node_groups: '["default"]',
    updated_ms: 0,
    ganeti_version: version,
  } as const
}

/** Adds a server that is to be made. */
export async function addServer(store: Store, instanceName: string): Promise<number> {
  const row = {
    name: instanceName,
    project_id: 'p',
    user_id: 'u',
    backend_id: 1,
    instance_name: instanceName,
    instance_uuid: null,
    flavor_id: '1',
    image_id: null,
    key_name: null,
    power: 'BUILD',
    power_stamp: '',
    progress: 0,
    progress_stamp: '',
    op_code: null,
    op_status: null,
    op_job_id: null,
    op_log: null,
    op_stamp: '',
    vcpus: 1,
    ram_mib: 128,
    disk_mib: 0,
    nics_stamp: '',
    node: null,
    node_stamp: '',
    task: 'CREATE',
    task_intent_id: null,
    old_flavor_id: null,
    fault_code: null,
    fault_message: null,
    fault_ms: null,
    is_adopted: 0,
    created_ms: Date.now(),
    updated_ms: Date.now(),
    deleted_ms: null,
  } as const
  const { id } = await store.write((tx) =>
    tx.insertInto('servers').values(row).returning('id').executeTakeFirstOrThrow(),
  )
  return id
}
