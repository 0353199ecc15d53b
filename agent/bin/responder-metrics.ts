import type { NicTally } from '#responder/dispatch.js'
import type { Labels, Metrics, Sample } from '#service/metrics.js'
import type { QueueStatus, ResponderParts } from './responder-status.js'

/** Registers everything that docs/responder.md lists under Prometheus. Counted is all the time, read only when somebody asks. */
export function addResponderMetrics(
  metrics: Metrics,
  { dispatcher, nics, queues, sending }: ResponderParts,
): void {
  const name = (short: string, help: string) => ({ name: `responder_${short}`, help })
  const ofQueues = (figure: (queue: QueueStatus) => number | null) => () =>
    queues.status().flatMap((queue): readonly Sample[] => {
      const value = figure(queue)
      return value === null ? [] : [{ labels: { queue: String(queue.number) }, value }]
    })
  metrics.samples('counter', name('outcomes_total', 'Packets by what became of them.'), () =>
    Object.entries(dispatcher.totals()).map(([outcome, value]) => ({ labels: { outcome }, value })),
  )
  metrics.samples(
    'counter',
    name('nic_outcomes_total', 'Packets of a NIC by what became of them.'),
    () => dispatcher.nics().flatMap(nicSamples),
  )
  metrics.samples(
    'gauge',
    name('nic_last_answer_seconds', 'When a NIC was answered last, Unix time.'),
    () =>
      dispatcher
        .nics()
        .flatMap((nic) =>
          nic.lastAnswer === undefined
            ? []
            : [{ labels: nicLabels(nic), value: nic.lastAnswer.unixMs / 1000 }],
        ),
  )
  metrics.samples('gauge', name('nics', 'NICs by whether their tap is there.'), () => {
    const served = dispatcher.count()
    return [
      { labels: { state: 'served' }, value: served },
      { labels: { state: 'waiting' }, value: Math.max(0, nics.fileCount() - served) },
      { labels: { state: 'problem' }, value: nics.problemCount() },
    ]
  })
  metrics.samples(
    'counter',
    name('queue_received_total', 'Packets that came out of a queue.'),
    ofQueues(({ received }) => received),
  )
  metrics.samples(
    'gauge',
    name('queue_waiting', 'Packets in the kernel without a verdict.'),
    ofQueues(({ waiting }) => waiting),
  )
  metrics.samples(
    'counter',
    name(
      'queue_dropped_total',
      'Packets that the kernel dropped because a queue or its buffer was full.',
    ),
    ofQueues(({ dropped }) => dropped),
  )
  metrics.samples(
    'counter',
    name('queue_overflows_total', 'How often the kernel said that the buffer of a queue was full.'),
    ofQueues(({ overflows }) => overflows),
  )
  metrics.samples(
    'counter',
    name('queue_verdict_errors_total', 'Verdicts that the kernel refused.'),
    ofQueues(({ verdictErrors }) => verdictErrors),
  )
  metrics.samples(
    'gauge',
    name('queue_bound', '1 when packets come out of the queue.'),
    ofQueues(({ state }) => (state.kind === 'bound' ? 1 : 0)),
  )
  metrics.samples(
    'counter',
    name('frames_sent_total', 'Answers and advertisements that left.'),
    () => [{ labels: {}, value: sending.sent }],
  )
  metrics.samples(
    'counter',
    name('frames_refused_total', 'Frames that the kernel did not take, by error number.'),
    () =>
      Array.from(sending.refused, ([errno, value]) => ({
        labels: { errno: String(errno) },
        value,
      })),
  )
}

function nicSamples(nic: NicTally): readonly Sample[] {
  const labels = nicLabels(nic)
  return Object.entries(nic.counts).map(([outcome, value]) => ({
    labels: { ...labels, outcome },
    value,
  }))
}

function nicLabels({ nic: { service } }: NicTally): Labels {
  return { instance: service.instance, nic: service.nic, tap: service.tap }
}
