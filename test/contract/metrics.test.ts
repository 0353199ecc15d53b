import { readFileSync } from 'node:fs'
import t from 'tap'
import { openEventsRole } from '#bin/events-role.js'
import { loadConfig } from '#service/config.js'
import { askStatusSocket } from '#service/status-socket.js'
import { openStage } from '../support/agent.js'

/** Names and types of the table in docs/operation.md. */
function documented(): readonly string[] {
  const page = readFileSync('docs/operation.md', 'utf8')
  const [, section = ''] = page.split('\n## Metrics\n')
  const rows = (section.split('\n## ')[0] ?? '').matchAll(/^\| `(\w+)` \| (counter|gauge) \|/gm)
  return Array.from(rows, ([, name, type]) => `${name} ${type}`).sort()
}

t.test('the table of metrics in docs/operation.md is what the events role has', async (t) => {
  await using stage = openStage('amqp://127.0.0.1:1')
  const { config } = await loadConfig(stage.configFile, { isRequired: true })
  await using role = await openEventsRole(config, () => undefined)
  t.match(role.summary(), /^no cluster, broker connecting, backlog 0$/)
  const socket = `${stage.directory}/run/events-role/status.sock`
  const text = await askStatusSocket(socket, '/metrics')
  const types = text.matchAll(/^# TYPE (\S+) (\S+)$/gm)
  const told = Array.from(types, ([, name, type]) => `${name} ${type}`).sort()
  t.strictSame(told, documented())
  t.strictSame(
    told.filter(
      (line) =>
        !/^okeanid_[a-z0-9_]+_total counter$|^okeanid_[a-z0-9_]+(?<!_total) gauge$/.test(line),
    ),
    [],
    'counters end with _total, and only they',
  )
})
