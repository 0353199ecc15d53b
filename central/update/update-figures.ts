import type { Metrics } from '#service/metrics.js'
import type { Taken } from './take-messages.js'

/** Counts what becomes of messages. */
export interface UpdateFigures {
  took(taken: Taken): void
  buried(): void
  retried(): void
}

/** Figures of the update path. */
export function createUpdateFigures(metrics: Metrics): UpdateFigures {
  const messages = metrics.counter(
    'central_messages_total',
    'Messages taken from the broker, by what became of them',
  )
  const batches = metrics.counter('central_batches_total', 'Transactions that took messages')
  const retries = metrics.counter(
    'central_batch_retries_total',
    'Times that a batch waited for the database',
  )
  return {
    took({ applied, repeated, other, foreign, refused, dead }) {
      batches.add()
      for (const [fate, count] of Object.entries({
        applied,
        repeated,
        other,
        foreign,
        refused,
        dead,
      })) {
        if (count > 0) messages.add(count, { fate })
      }
    },
    buried: () => messages.add(1, { fate: 'dead' }),
    retried: () => retries.add(),
  }
}
