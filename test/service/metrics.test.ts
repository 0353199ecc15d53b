import t from 'tap'
import { createMetrics } from '#service/metrics.js'

t.test('prints counters and gauges as Prometheus reads them', async (t) => {
  const metrics = createMetrics()
  const files = metrics.counter('files_total', 'Files.')
  metrics.counter('none_total', 'Nothing yet.')
  metrics.gauge('backlog', 'Waiting.', () => 7)
  files.add(2, { reason: 'a "b"' })
  files.add(1, { reason: 'c' })
  t.equal(
    metrics.format(),
    [
      '# HELP okeanid_files_total Files.',
      '# TYPE okeanid_files_total counter',
      'okeanid_files_total{reason="a \\"b\\""} 2',
      'okeanid_files_total{reason="c"} 1',
      '# HELP okeanid_none_total Nothing yet.',
      '# TYPE okeanid_none_total counter',
      'okeanid_none_total 0',
      '# HELP okeanid_backlog Waiting.',
      '# TYPE okeanid_backlog gauge',
      'okeanid_backlog 7',
      '',
    ].join('\n'),
  )
})

t.test('prints figures that somebody else keeps', async (t) => {
  const metrics = createMetrics()
  const figures = [{ labels: { tap: 'tap0' }, value: 3 }]
  metrics.samples('counter', { name: 'answers_total', help: 'Answers.' }, () => figures)
  figures.push({ labels: { tap: 'tap1' }, value: 4 })
  t.match(metrics.format(), /_total\{tap="tap0"\} 3\nokeanid_answers_total\{tap="tap1"\} 4\n$/)
})

t.test('labels from outside cannot grow a counter without end', async (t) => {
  const counter = createMetrics().counter('x_total', 'X.')
  for (let i = 0; i < 1000; i++) counter.add(1, { kind: `${i}` })
  t.ok(counter.values().length <= 201)
  t.equal(counter.total(), 1000)
})
