import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '#service/log.js'
import type { Task } from '#service/tasks.js'
import { createLooks } from './looks.js'
import { type ReconcileDeps, reconcile } from './reconcile.js'
import type { Outcome } from './settle-findings.js'

/** Reconciles all clusters that are online, or one. */
export async function reconcileAll(
  deps: ReconcileDeps,
  {
    cluster,
    isDryRun,
    signal,
  }: {
    /** Name or number of a cluster; undefined: all. */
    readonly cluster?: string | undefined
    readonly isDryRun?: boolean
    readonly signal?: AbortSignal
  },
): Promise<readonly { readonly cluster: string; readonly outcomes: readonly Outcome[] }[]> {
  const rows = await deps.store.read.selectFrom('backends').selectAll().orderBy('id').execute()
  const looks = createLooks(deps.store)
  const done: { readonly cluster: string; readonly outcomes: readonly Outcome[] }[] = []
  for (const backend of rows) {
    const { id, cluster_name: name, is_offline: isOffline } = backend
    const isWanted = cluster === undefined ? isOffline === 0 : [name, String(id)].includes(cluster)
    if (!isWanted) continue
    const options = signal === undefined ? {} : { signal }
    const outcomes = await reconcile(deps, {
      ...{ backend, looks, ...options },
      ...(isDryRun === undefined ? {} : { isDryRun }),
    })
    done.push({ cluster: name, outcomes })
  }
  return done
}

/** The task that does so every now and then. A cluster that cannot be asked is asked the next time. */
export function reconcileTask(deps: ReconcileDeps & { readonly log: Log }): Task {
  const everyMs = deps.config.reconcile.every.ms
  const { log, store } = deps
  return {
    name: 'reconcile',
    async run(signal) {
      if (everyMs === 0) return
      while (!signal.aborted) {
        await delay(everyMs, undefined, { signal }).catch(() => {})
        if (signal.aborted) return
        try {
          const online = await store.read
            .selectFrom('backends')
            .select('cluster_name')
            .where('is_offline', '=', 0)
            .execute()
          const outcomes = await Promise.allSettled(
            online.map(({ cluster_name: cluster }) => reconcileAll(deps, { cluster, signal })),
          )
          for (const [index, outcome] of outcomes.entries()) {
            logOutcome(log, online[index]?.cluster_name, outcome)
          }
        } catch (error) {
          log('warning', 'reconcile-failed', { error: String(error) })
        }
      }
    },
  }
}

function logOutcome(
  log: Log,
  cluster: string | undefined,
  outcome: PromiseSettledResult<Awaited<ReturnType<typeof reconcileAll>>>,
): void {
  if (outcome.status === 'rejected') {
    log('warning', 'reconcile-failed', { cluster, error: String(outcome.reason) })
    return
  }
  for (const { outcomes } of outcome.value) {
    for (const { kind, name, detail, outcome: what } of outcomes) {
      log('info', 'reconciled', { cluster, kind, name, detail, outcome: what })
    }
  }
}
