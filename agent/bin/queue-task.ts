import type { Job } from '#ganeti/job.js'
import { describeJobProblem } from '#ganeti/job-decoder.js'
import type { Outbox } from '#outbox/outbox.js'
import { jobMessages } from '#progress/job-messages.js'
import type { Ledger } from '#progress/ledger.js'
import { mergeNews } from '#progress/merge.js'
import type { Cluster } from '#progress/op-event.js'
import { touchedInstances } from '#progress/touched-instances.js'
import { wantedDetails } from '#progress/wanted-details.js'
import type { Log } from '#service/log.js'
import type { NodeConfig } from '#service/node-config.js'
import type { Task } from '#service/tasks.js'
import type { Vigil } from '#service/vigil.js'
import { followJobs } from '#watch/job-source.js'
import type { QueueNotice } from '#watch/queue-notice.js'
import type { Mastership } from './cluster-task.js'
import type { DetailsReader } from './details-reader.js'
import type { EventCounters } from './event-counters.js'
import { describeRanges } from './job-ranges.js'
import type { LedgerStore } from './ledger-store.js'
import type { NetTeller } from './net-task.js'
import { appendMessages } from './outbox-append.js'
import type { TagsTeller } from './tags-task.js'

/** What the queue task works with. */
export interface QueueParts {
  readonly config: NodeConfig
  readonly paths: { readonly queueDirectory: string }
  readonly log: Log
  readonly counters: EventCounters
  readonly mastership: Mastership
  readonly outbox: Outbox
  readonly ledgerStore: LedgerStore
  readonly tags: Pick<TagsTeller, 'tell'>
  readonly net: Pick<NetTeller, 'onJobs'>
  readonly details: DetailsReader
  readonly vigil?: Vigil
  /** Told when the queue is looked after, or is not there to be. */
  readonly onWatching?: () => void
}

/** How long after a change the ledger may wait to be saved. */
const ledgerAgeMs = 1000

/**
 * Follows the job queue on each node that has one. The master tells what is new. A candidate tells nothing: it remembers what came to its
 * end, until the master's agent says that the broker has it (`settled-hear-task.ts`), and tells the rest when it becomes the master
 * itself. A node that was the master takes to their end the jobs that were there when it ceased to be: their last write may be
 * on its disk only.
 */
export function queueTask(parts: QueueParts): Task {
  const { mastership } = parts
  return {
    name: 'queue',
    async run(signal) {
      while (!signal.aborted) {
        const { clusterUuid, isMaster, view } = mastership.current()
        const hasQueue = isMaster || view?.isCandidate === true
        if (!hasQueue || clusterUuid === undefined || view === undefined) {
          await mastership.changed(signal)
          continue
        }
        const cluster = {
          name: view.clusterName,
          uuid: clusterUuid,
          prefixes: parts.config.prefixes,
        }
        await follow(parts, { cluster, isMaster, node: view.ownNode ?? '', signal })
      }
    },
  }
}

async function follow(
  parts: QueueParts,
  {
    cluster,
    isMaster,
    node,
    signal,
  }: {
    readonly cluster: Cluster
    readonly isMaster: boolean
    readonly node: string
    readonly signal: AbortSignal
  },
): Promise<void> {
  const { config, paths, mastership, ledgerStore, log } = parts
  const { ledger, wasMaster, hasBaseline } = ledgerStore.memoryOf(cluster.uuid)
  let isWatching = false
  const changed = new AbortController()
  const ended = AbortSignal.any([signal, changed.signal])
  const watching = watchForChange(mastership, changed, signal)
  const saver = setInterval(() => void ledgerStore.save(ledgerAgeMs), ledgerAgeMs) // its failure ends nothing: facts are told again
  if (isMaster) {
    if (ledger.heldCount() > 0) log('info', 'telling-held-jobs', { jobs: ledger.heldCount() })
    ledger.release()
  }
  // until the first scan closed what is old, a restart must set the baseline again
  ledgerStore.touch(isMaster ? { wasMaster, owedUpTo: 0 } : {})
  try {
    const jobs = followJobs({
      queueDirectory: paths.queueDirectory,
      known: ledger,
      baselineSinceMs: hasBaseline ? undefined : Date.now() - config.events.lookback.ms,
      rescanMs: config.events.rescan.ms,
      onNotice(notice) {
        if (notice.kind === 'watching' || notice.kind === 'missing-directory') parts.onWatching?.()
        if (notice.kind === 'watching' && isWatching) parts.counters.watchRestarts.add()
        isWatching ||= notice.kind === 'watching'
        if (notice.kind === 'scanned') settleIn(parts, { isMaster, highest: notice.highest })
        tellNotice(parts, notice)
      },
      ...(parts.vigil === undefined ? {} : { during: parts.vigil.during }),
      signal: ended,
    })
    for await (const batch of jobs) {
      const owedUpTo = isMaster
        ? Number.POSITIVE_INFINITY
        : ledgerStore.memoryOf(cluster.uuid).owedUpTo
      await take(parts, {
        batch: batch.filter(({ id }) => id <= owedUpTo),
        ...{ cluster, node, ledger, signal: ended },
      })
      for (const job of batch) if (job.id > owedUpTo) ledger.hold(job)
      ledgerStore.touch()
    }
  } finally {
    clearInterval(saver)
    changed.abort()
    await watching
    ledgerStore.touch()
    await ledgerStore.save()
  }
}

/** The first scan is over: what is old is closed, and what a node was that is not the master any more is settled. */
function settleIn(
  { ledgerStore, log }: QueueParts,
  { isMaster, highest }: { readonly isMaster: boolean; readonly highest: number },
): void {
  const memory = ledgerStore.current()
  if (memory === undefined || (memory.hasBaseline && memory.wasMaster === isMaster)) return
  if (memory.wasMaster && !isMaster) {
    log('info', 'telling-to-their-end', { jobs: memory.ledger.openIds().length, upTo: highest })
    ledgerStore.touch({ hasBaseline: true, wasMaster: false, owedUpTo: highest })
  } else ledgerStore.touch({ hasBaseline: true, wasMaster: isMaster })
}

async function watchForChange(
  mastership: Mastership,
  changed: AbortController,
  signal: AbortSignal,
): Promise<void> {
  const first = mastership.current()
  const either = AbortSignal.any([signal, changed.signal])
  while (!either.aborted) {
    await mastership.changed(either)
    const now = mastership.current()
    const isSame =
      now.isMaster === first.isMaster &&
      now.clusterUuid === first.clusterUuid &&
      now.view?.isCandidate === first.view?.isCandidate &&
      now.view?.clusterName === first.view?.clusterName &&
      now.view?.ownNode === first.view?.ownNode
    if (!isSame) changed.abort()
  }
}

interface Batch {
  readonly batch: readonly Job[]
  readonly cluster: Cluster
  readonly node: string
  readonly ledger: Ledger
  readonly signal: AbortSignal
}

/** Facts that are made into messages and written at once: a batch of large jobs may have a hundred thousand. */
const factsPerWrite = 512

/** What is new in these jobs goes to disk in the order in which it happened; only then does the ledger know it. */
async function take(
  parts: QueueParts,
  { batch, cluster, node, ledger, signal }: Batch,
): Promise<void> {
  if (batch.length === 0) return
  const { counters } = parts
  const origin = { node, cluster: cluster.name }
  const news = batch.map((job) => ({ job, facts: ledger.news(job) }))
  const facts = mergeNews(news)
  counters.jobVersions.add(batch.length)
  const wanted = facts.flatMap(({ job, fact }) => wantedDetails(job, fact) ?? [])
  const instances = await parts.details.read(wanted, signal)
  for (let from = 0; from < facts.length; from += factsPerWrite) {
    const messages = facts
      .slice(from, from + factsPerWrite)
      .flatMap(({ job, fact }) => jobMessages(cluster, origin, { job, facts: [fact], instances }))
    if (messages.length > 0 && !(await appendMessages(parts, messages, signal))) return
  }
  parts.net.onJobs(news.flatMap(({ job, facts: told }) => (told.length > 0 ? [job] : [])))
  const touched = [...new Set(news.flatMap(({ job, facts }) => touchedInstances(job, facts)))]
  if (touched.length > 0 && !(await parts.tags.tell(touched, signal))) return
  for (const { job, facts: told } of news) ledger.record(job, told)
}

function tellNotice({ log, counters }: QueueParts, notice: QueueNotice): void {
  switch (notice.kind) {
    case 'watching':
      return log('info', 'watching', { directory: notice.directory, ms: Math.round(notice.tookMs) })
    case 'missing-directory':
      return log('warning', 'queue-missing', { directory: notice.directory })
    case 'scanned':
      counters.scans.add()
      return log(notice.changed > 0 ? 'info' : 'debug', 'scanned', {
        listed: notice.listed,
        changed: notice.changed,
        ms: Math.round(notice.tookMs),
      })
    case 'missing-jobs':
      return log('warning', 'jobs-unknown', {
        jobs: describeRanges(notice.ranges),
        why: 'given, but neither in the queue nor in the archive of this node: what became of them cannot be told from here',
      })
    case 'lost-jobs':
      return log('error', 'jobs-lost', {
        count: notice.ids.length,
        first: notice.ids[0],
        why: 'their files were deleted before this node could tell how they ended',
      })
    case 'vanished':
      return log('warning', 'job-vanished', { job: notice.id })
    case 'failed':
      return log('error', `${notice.what}-failed`, { error: String(notice.error) })
    case 'unusable': {
      const { reading, id } = notice
      const why = reading.kind === 'damaged' ? describeJobProblem(reading.problem) : reading.kind
      const code = reading.kind === 'unreadable' ? reading.code : undefined
      counters.unusableFiles.add(1, {
        reason: reading.kind === 'damaged' ? reading.problem.kind : 'unreadable',
      })
      return log('warning', 'job-file-unusable', { job: id, why, code })
    }
  }
}
