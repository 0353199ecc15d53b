import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { openOutbox } from '#outbox/outbox.js'
import { labUnavailable } from '../lab/command.js'
import { logged, openStage, startAgent } from '../support/agent.js'
import { jobText } from '../support/job-text.js'
import { until } from '../support/until.js'

/** A site without RabbitMQ: `[broker] enabled = no`, seen as its operator sees it. */
t.test('a site without RabbitMQ', { skip: labUnavailable() ?? false }, async (t) => {
  await using stage = openStage('amqp://127.0.0.1:1')
  const text = readFileSync(stage.configFile, 'utf8')
  writeFileSync(stage.configFile, text.replace(/^url = .*$/m, 'enabled = no'))
  const dir = path.join(stage.directory, 'state/events/outbox')
  const okeanid = (...args: readonly string[]) =>
    spawnSync(process.execPath, ['dist/agent/bin/okeanid.js', ...args, '-c', stage.configFile], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '' },
    })
  const findings = () =>
    (JSON.parse(okeanid('doctor', '--json').stdout).findings as Record<string, string>[]).filter(
      ({ about, what }) => about === 'broker' || about === 'outbox' || /^events/.test(what ?? ''),
    )

  await t.test(
    'the role runs, takes nothing, connects nowhere, and nobody complains',
    async (t) => {
      await using agent = startAgent(stage)
      await logged(agent, /is-master/)
      stage.write(1, jobText(1, 'success'))
      const status = JSON.parse(okeanid('status', '--json').stdout).roles[0]
      t.match(status, {
        role: 'events',
        isMaster: true,
        broker: { state: 'disabled', host: null, problem: null },
        outbox: { backlogMessages: 0 },
        counters: { jobVersions: 0, messages: 0 },
      })
      t.match(okeanid('status').stdout, /^broker +disabled$/m)
      t.strictSame(findings(), [])
      t.notMatch(agent.log(), /broker-|watching/)
    },
  )

  await t.test('what waits from before is kept, and told', async (t) => {
    {
      await using outbox = await openOutbox({ dir })
      await outbox.append([Buffer.from('{}\n{}')])
    }
    await using agent = startAgent(stage)
    await logged(agent, /is-master/)
    const found = await until('the finding', () => findings()[0])
    t.match(found, { level: 'note', about: 'outbox', what: /1 messages of earlier wait/ })
    t.match(okeanid('outbox', 'list').stdout, /^waiting +1 messages/)
    t.equal(okeanid('outbox', 'purge', '--all', '--yes').status, 0)
    t.strictSame(findings(), [])
  })
})
