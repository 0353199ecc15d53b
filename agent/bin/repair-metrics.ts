import type { Metrics } from '#service/metrics.js'
import type { RepairState } from './repair-report.js'

/** Tells Prometheus how the NICs of running instances stand. */
export function addRepairFigures(metrics: Metrics, state: () => RepairState): void {
  const gauges: readonly (readonly [string, string, () => number])[] = [
    ['nics_running', 'NICs of running instances.', () => state().last?.nics ?? 0],
    ['nics_wrong', 'NICs that are not as decided.', () => state().last?.wrong ?? 0],
    [
      'nics_pending',
      'Taps that are there while no running instance says so.',
      () => state().last?.pending ?? 0,
    ],
    [
      'nics_pass_seconds',
      'How long the last look at all NICs took.',
      () => (state().last?.tookMs ?? 0) / 1000,
    ],
    [
      'nics_rules_open_seconds',
      'For how long rules were gone the last time that somebody removed them all.',
      () => (state().lastOpenMs ?? 0) / 1000,
    ],
  ]
  for (const [name, help, read] of gauges) metrics.gauge(name, help, read)
  const counters: readonly (readonly [string, string, () => number])[] = [
    ['nics_repaired_total', 'NICs that were repaired.', () => state().repaired],
    ['nics_adopted_total', 'NICs that were found running and adopted.', () => state().adopted],
    ['nics_forgotten_total', 'Taps that went and were cleaned up after.', () => state().forgotten],
    ['nics_rules_lost_total', 'How often all rules were removed by others.', () => state().losses],
  ]
  for (const [name, help, read] of counters)
    metrics.samples('counter', { name, help }, () => [{ labels: {}, value: read() }])
  metrics.samples(
    'gauge',
    { name: 'nics_stance', help: 'NICs by what becomes of what their rules refuse.' },
    () => Object.entries(state().stances).map(([stance, value]) => ({ labels: { stance }, value })),
  )
}
