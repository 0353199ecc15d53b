import type { Test } from 'tap'
import { parseCentralConfig } from '#central/config/central-config.js'
import { openClients } from '#central/effect/clients.js'
import { createNames } from '#central/names.js'
import { createLooks } from '#central/reconcile/looks.js'
import { type ReconcileDeps, reconcile } from '#central/reconcile/reconcile.js'
import type { Outcome } from '#central/reconcile/settle-findings.js'
import type { Store } from '#central/store/store.js'
import { type FakeGaneti, startFakeGaneti } from '../../support/fake-ganeti/fake-ganeti.js'
import { addServer, backendRow, clusterCertificate, sealer, serverRow } from '../effect/world.js'

/** A store, a cluster, and a clock. */
export interface ReconcileWorld {
  readonly deps: ReconcileDeps
  readonly store: Store
  readonly ganeti: FakeGaneti
  /** Lets time pass. */
  pass(ms: number): void
  /** A server as if it had been made some time ago. */
  addServer(name: string, given?: Readonly<Record<string, string | number | null>>): Promise<number>
  look(options?: { readonly isDryRun?: boolean }): Promise<readonly Outcome[]>
  server(id: number): ReturnType<typeof serverRow>
}

/** The grace period as shipped. */
export const graceMs = 300_000

/** Opens one. */
export async function openReconcileWorld(t: Test, store: Store): Promise<ReconcileWorld> {
  const ganeti = await startFakeGaneti({ certificate: clusterCertificate(t) })
  t.teardown(() => ganeti.close())
  await store.write((tx) => tx.insertInto('backends').values(backendRow(ganeti, '3.1.1')).execute())
  const clients = openClients({ sealer })
  t.teardown(() => clients.close())
  let nowMs = Date.now()
  const deps: ReconcileDeps = {
    store,
    names: createNames('snf-'),
    sealer,
    config: parseCentralConfig([]).config,
    nowMs: () => nowMs,
    wakeEvents: () => {},
    clients,
  }
  return {
    deps,
    store,
    ganeti,
    pass(ms) {
      nowMs += ms
    },
    async addServer(name, given = {}) {
      const id = await addServer(store, name)
      const made = {
        ...{ power: 'STARTED', task: null, ram_mib: 512, updated_ms: 0 },
        ...given,
      } as { readonly task: null }
      await store.write((tx) => tx.updateTable('servers').set(made).where('id', '=', id).execute())
      return id
    },
    async look({ isDryRun = false } = {}) {
      const backend = await store.read.selectFrom('backends').selectAll().executeTakeFirstOrThrow()
      return await reconcile(deps, { backend, looks: createLooks(store), isDryRun })
    },
    server: (id) => serverRow(store, id),
  }
}
