import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { type JobId, parseJobId } from '#ganeti/job.js'
import { type HookedOp, type HookOrigin, hookedOps, opOfHook } from '#progress/hooked-op.js'
import { parseLedgerSnapshot } from '#progress/ledger-snapshot.js'
import { readClusterView } from '#watch/cluster.js'
import { readRecentJobs } from '#watch/recent-jobs.js'

/** Finds the job that ran a hook, for who has no queue task: on the master alone, whose clock stamped both. */
export interface JobFinder {
  /** Undefined when it cannot be told; never a guess. Never throws. */
  readonly find: (hook: HookOrigin) => Promise<JobId | undefined>
}

/** How long before a hook its job's file may have been written for it to be looked at without being known by number. */
const recentMs = 60_000

/** A finder that reads Ganeti's queue, and of the events role's ledger which old jobs still run. */
export function createJobFinder(paths: {
  readonly dataDirectory: string
  readonly queueDirectory: string
  readonly ledgerFile: string
}): JobFinder {
  let ops: readonly HookedOp[] = []
  let listedMs = 0

  async function list(sinceMs: number): Promise<void> {
    listedMs = Date.now()
    const jobs = await readRecentJobs(paths.queueDirectory, {
      sinceMs,
      ids: await openJobs(paths.ledgerFile),
    })
    ops = jobs.flatMap(hookedOps)
  }

  return {
    async find(hook) {
      const view = await readClusterView(paths.dataDirectory).catch(() => undefined)
      if (view?.isMaster !== true) return undefined
      const known = opOfHook(ops, hook)
      if (known !== undefined) return known.jobId
      if (hook.timeMs < listedMs) return undefined // its job would have been in the list
      await list(hook.timeMs - recentMs)
      return opOfHook(ops, hook)?.jobId
    },
  }
}

/** Largest ledger that is read. */
const maxLedgerBytes = 16 * 1024 * 1024

/** Jobs that had not ended when the events role last kept its ledger. It is another user's file, and nothing but numbers is taken from it. */
async function openJobs(ledgerFile: string): Promise<readonly JobId[]> {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants
  try {
    await using file = await open(ledgerFile, O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
    const stats = await file.stat()
    if (!stats.isFile() || stats.size > maxLedgerBytes) return []
    const { ledger } = JSON.parse(await file.readFile('utf8')) as { readonly ledger?: unknown }
    const { open: jobs = {} } = parseLedgerSnapshot(ledger) ?? {}
    return Object.keys(jobs).flatMap((text) => parseJobId(text) ?? [])
  } catch {
    return [] // there is none, or none that can be read: then old jobs are not found
  }
}
