import type { Counter, Metrics } from '#service/metrics.js'

/** What the events role counts. */
export interface EventCounters {
  readonly jobVersions: Counter
  readonly messages: Counter
  readonly published: Counter
  readonly retried: Counter
  readonly rejected: Counter
  readonly unusableFiles: Counter
  readonly scans: Counter
  readonly watchRestarts: Counter
  readonly appendFailures: Counter
  readonly heartbeats: Counter
  readonly spoolLost: Counter
  readonly spoolBad: Counter
  readonly hooksLost: Counter
  readonly netUnmatched: Counter
  readonly netUnheard: Counter
  readonly netUnread: Counter
  readonly detailsMissing: Counter
}

/** Registers the counters of the events role. */
export function createEventCounters(metrics: Metrics): EventCounters {
  return {
    jobVersions: metrics.counter('job_versions_total', 'Versions of job files that were read.'),
    messages: metrics.counter('messages_taken_total', 'Messages that were written to the outbox.'),
    published: metrics.counter('messages_confirmed_total', 'Messages that the broker confirmed.'),
    retried: metrics.counter(
      'messages_retried_total',
      'Times that a message has to be sent again: lost with a connection, or held because the broker did not take it.',
    ),
    rejected: metrics.counter(
      'messages_rejected_total',
      'Messages that were moved to the quarantine because they cannot be sent.',
    ),
    unusableFiles: metrics.counter(
      'job_files_unusable_total',
      'Versions of job files that could not be used, by reason.',
    ),
    scans: metrics.counter(
      'queue_scans_total',
      'Times that the names in the job queue were listed.',
    ),
    watchRestarts: metrics.counter(
      'watcher_restarts_total',
      'Times that a watch on the job queue was begun again: it failed, or another directory stands there.',
    ),
    appendFailures: metrics.counter(
      'outbox_append_failures_total',
      'Times that the outbox could not be written.',
    ),
    heartbeats: metrics.counter('heartbeats_total', 'Heartbeats that were sent.'),
    spoolLost: metrics.counter(
      'spool_facts_lost_total',
      'Events of NICs and guests that found a full spool.',
    ),
    spoolBad: metrics.counter(
      'spool_files_bad_total',
      'Files of the spools that could not be used and were put aside.',
    ),
    detailsMissing: metrics.counter(
      'instance_details_missing_total',
      'Ends of ops that were told without details of their instance.',
    ),
    hooksLost: metrics.counter(
      'hooks_lost_total',
      'Hooks of Ganeti of which nothing was left: a spool or the disk was full.',
    ),
    netUnmatched: metrics.counter(
      'net_status_unmatched_total',
      'NICs after an operation that were told without the op that they belong to.',
    ),
    netUnheard: metrics.counter(
      'net_status_unheard_total',
      'NICs after an operation that were told from config.data, because no hook told of them.',
    ),
    netUnread: metrics.counter(
      'net_status_unread_total',
      'Times that NICs after an operation had to wait, because config.data could not be read.',
    ),
  }
}
