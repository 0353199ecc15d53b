import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { openEventsRole } from '#bin/events-role.js'
import { addRepairFigures } from '#bin/repair-metrics.js'
import { addResponderMetrics } from '#bin/responder-metrics.js'
import { loadConfig } from '#service/config.js'
import type { Metrics } from '#service/metrics.js'
import { askStatusSocket } from '#service/status-socket.js'
import { openStage } from '../support/agent.js'

/** The shipped dashboard and alert rules ask only for figures that programs of ours have. */

const rules = readFileSync('monitoring/prometheus-rules.yml', 'utf8')
const dashboard = JSON.parse(readFileSync('monitoring/grafana-dashboard.json', 'utf8')) as {
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly name: string }[] }
}

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly w: number }
  readonly targets?: readonly { readonly expr: string; readonly refId: string }[]
}

/** Name -> type of every metric of a node and of a consumer. */
async function known(): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  await using stage = openStage('amqp://127.0.0.1:1')
  const { config } = await loadConfig(stage.configFile, { isRequired: true })
  {
    await using _role = await openEventsRole(config, () => undefined)
    const text = await askStatusSocket(`${stage.directory}/run/events-role/status.sock`, '/metrics')
    for (const [, name = '', type = ''] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm))
      found.set(name, type)
  }
  const names: Metrics = {
    counter(name) {
      found.set(`okeanid_${name}`, 'counter')
      return { add: () => undefined, total: () => 0, lastMs: () => undefined, values: () => [] }
    },
    gauge: (name) => void found.set(`okeanid_${name}`, 'gauge'),
    samples: (type, { name }) => void found.set(`okeanid_${name}`, type),
    format: () => '',
  }
  addRepairFigures(names, () => {
    throw new Error('nobody asks')
  })
  addResponderMetrics(names, {} as never) // registers readers, and reads nothing
  // the rest of a role that cannot be opened here: by its source
  for (const file of ['nics-role', 'events-forward', 'status'])
    for (const [, name = ''] of readFileSync(`agent/bin/${file}.ts`, 'utf8').matchAll(
      /'((?:okeanid_)?(?:rules|nics_queue|role|events|forward|forwarded|receiver)_[a-z_]+)'/g,
    ))
      found.set(
        name.startsWith('okeanid_') ? name : `okeanid_${name}`,
        /_total$/.test(name) ? 'counter' : 'gauge',
      )
  return found
}

const expressions = [
  ...[...rules.matchAll(/^ {8}expr: (.*)$/gm)].map(([, expr = '']) => expr),
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
]

t.test(
  'every metric that is asked for is there, and counters are asked for their growth',
  async (t) => {
    const metrics = await known()
    t.ok(expressions.length > 40)
    for (const expr of expressions)
      for (const [name] of expr.matchAll(/\bokeanid_[a-z0-9_]+/g)) {
        t.ok(metrics.has(name), `${name} in ${expr}`)
        if (metrics.get(name) === 'counter')
          t.match(
            expr,
            new RegExp(`(?:rate|increase)\\(${name}(?:\\{[^}]*\\})?\\[`),
            `${name} is a counter`,
          )
      }
  },
)

t.test('parentheses, brackets and quotes of expressions are even', async (t) => {
  for (const expr of expressions) {
    const count = (letter: string) => expr.split(letter).length
    for (const [open = '', close = ''] of ['()', '[]', '{}'].map((pair) => [...pair]))
      t.equal(count(open), count(close), expr)
    t.equal(count('"') % 2, 1, expr)
  }
})

t.test(
  'each alert has a name of its own, a severity, what is seen and a page that exists',
  async (t) => {
    const alerts = rules.split(/^ {6}- alert: /m).slice(1)
    t.ok(alerts.length >= 20)
    t.equal(new Set(alerts.map((text) => text.split('\n')[0])).size, alerts.length)
    for (const text of alerts) {
      t.match(
        text,
        /^Okeanid[A-Za-z]+\n {8}expr: \S.*\n(?: {8}for: \d+[smhd]\n)? {8}labels:\n {10}severity: (?:critical|warning|info)\n {8}annotations:\n {10}summary: '.+'\n {10}description: '.+'\n/,
      )
      const [, page = ''] = /See ([a-z-]+\.md)\./.exec(text) ?? []
      t.ok(existsSync(`docs/${page}`), `${text.split('\n')[0]} leads to docs/${page}`)
    }
  },
)

t.test(
  'panels have ids of their own, fit the grid, and use the variables that are there',
  async (t) => {
    const { panels, templating } = dashboard
    t.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
    for (const { title, gridPos, type, targets = [] } of panels) {
      t.ok(gridPos.x + gridPos.w <= 24, title)
      t.equal(targets.length === 0, type === 'row', title)
      t.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title)
    }
    t.strictSame(
      templating.list.map(({ name }) => name),
      ['datasource', 'instance'],
    )
  },
)
