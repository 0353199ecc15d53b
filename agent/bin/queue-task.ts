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
import { followJobs, type QueueNotice } from '#watch/job-source.js'
import type { Mastership } from './cluster-task.js'
import type { DetailsReader } from './details-reader.js'
import type { EventCounters } from './event-counters.js'
import type { LedgerStore } from './ledger-store.js'
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
  readonly details: DetailsReader
  readonly vigil?: Vigil
  /** Told when the queue is looked after, or is not there to be. */
  readonly onWatching?: () => void
}

/** How long after a change the ledger may wait to be saved. */
const ledgerAgeMs = 1000

/** Takes new facts from the job queue, while and only while this node is the master. */
export function queueTask(parts: QueueParts): Task {
  const { mastership } = parts
  return {
    name: 'queue',
    async run(signal) {
      while (!signal.aborted) {
        const { clusterUuid, isMaster, view } = mastership.current()
        if (!isMaster || clusterUuid === undefined || view === undefined) {
          await mastership.changed(signal)
          continue
        }
        const cluster = {
          name: view.clusterName,
          uuid: clusterUuid,
          prefixes: parts.config.prefixes,
        }
        await takeWhileMaster(parts, { cluster, node: view.ownNode ?? '', signal })
      }
    },
  }
}

async function takeWhileMaster(
  parts: QueueParts,
  {
    cluster,
    node,
    signal,
  }: { readonly cluster: Cluster; readonly node: string; readonly signal: AbortSignal },
): Promise<void> {
  const { config, paths, mastership, ledgerStore } = parts
  const { ledger, wasMaster, isNew } = ledgerStore.ledgerFor(cluster.uuid)
  // until the first scan closed what is old, a restart must set the baseline again
  let hasBaseline = wasMaster && !isNew
  let isWatching = false
  const demoted = new AbortController()
  const ended = AbortSignal.any([signal, demoted.signal])
  const watching = watchForDemotion(mastership, demoted, signal)
  const saver = setInterval(() => void ledgerStore.save(ledgerAgeMs), ledgerAgeMs) // its failure ends nothing: facts are told again
  ledgerStore.touch(hasBaseline)
  try {
    const jobs = followJobs({
      queueDirectory: paths.queueDirectory,
      known: ledger,
      baselineSinceMs: hasBaseline ? undefined : Date.now() - config.events.lookback.ms,
      rescanMs: config.events.rescan.ms,
      onNotice(notice) {
        hasBaseline ||= notice.kind === 'scanned'
        if (notice.kind === 'watching' || notice.kind === 'missing-directory') parts.onWatching?.()
        if (notice.kind === 'watching' && isWatching) parts.counters.watchRestarts.add()
        isWatching ||= notice.kind === 'watching'
        tellNotice(parts, notice)
      },
      ...(parts.vigil === undefined ? {} : { during: parts.vigil.during }),
      signal: ended,
    })
    for await (const batch of jobs) {
      await take(parts, { batch, cluster, node, ledger, signal: ended })
      ledgerStore.touch(hasBaseline)
    }
  } finally {
    clearInterval(saver)
    demoted.abort()
    await watching
    ledgerStore.touch(hasBaseline && mastership.current().isMaster)
    await ledgerStore.save()
  }
}

async function watchForDemotion(
  mastership: Mastership,
  demoted: AbortController,
  signal: AbortSignal,
): Promise<void> {
  const { clusterUuid: uuid, view: first } = mastership.current()
  const either = AbortSignal.any([signal, demoted.signal])
  while (!either.aborted) {
    await mastership.changed(either)
    const { isMaster, clusterUuid, view } = mastership.current()
    const isRenamed = view?.clusterName !== first?.clusterName || view?.ownNode !== first?.ownNode
    if (!isMaster || clusterUuid !== uuid || isRenamed) demoted.abort()
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
