import type { OutboxFacts } from './facts.js'
import { broken, type Finding, note } from './finding.js'

/** Whether messages wait, are thrown away or were moved aside, by the events role's own word. */
export function outboxFindings(outbox: OutboxFacts | undefined): readonly Finding[] {
  if (outbox === undefined) return []
  const { problem, held, heldReason, unroutable, isDropping, quarantined, forsaken } = outbox
  const bind = 'rabbitmqctl list_bindings shows what is bound; bind a queue to the exchange'
  return [
    ...(problem === undefined
      ? []
      : [
          broken('outbox', `nothing is taken: ${problem}`, 'as it says; nothing is lost meanwhile'),
        ]),
    ...(held === 0
      ? []
      : [
          broken(
            'outbox',
            `${held} messages wait although the broker is there: ${heldReason ?? ''}`,
            `${bind}, or let its consumer catch up; okeanid outbox list says which`,
          ),
        ]),
    ...(unroutable.length === 0 || !isDropping
      ? []
      : [
          note(
            'broker',
            `no queue is bound for ${unroutable.join(', ')}: nobody gets these messages`,
            `${bind}; or set [broker] unroutable = keep`,
          ),
        ]),
    ...(forsaken === 0
      ? []
      : [
          note(
            'outbox',
            `${forsaken} messages of earlier wait, and nobody sends them: [broker] enabled = no`,
            'set it to yes; or throw them away: okeanid outbox purge --all',
          ),
        ]),
    ...(quarantined === 0
      ? []
      : [
          note(
            'outbox',
            `${quarantined} messages were moved to the quarantine since the role started`,
            'okeanid outbox list --quarantined says why; okeanid outbox retry puts them back',
          ),
        ]),
  ]
}
