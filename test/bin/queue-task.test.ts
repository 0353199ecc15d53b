import { mkdirSync, rmdirSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { logged, openStage, startAgent } from '../support/agent.js'
import { jobText } from '../support/job-text.js'

/** Nobody listens there: what is taken stays in the outbox. */
const noBroker = 'amqp://nobody:nothing@127.0.0.1:1/'

t.test('a start that found no queue leaves the baseline to the next one', async (t) => {
  await using stage = openStage(noBroker)
  rmdirSync(stage.queueDirectory)
  {
    await using agent = startAgent(stage)
    await logged(agent, /queue-missing/)
  }
  mkdirSync(stage.queueDirectory)
  stage.write(1, jobText(1, 'success'))
  utimesSync(path.join(stage.queueDirectory, 'job-1'), 1000, 1000)
  stage.write(2, jobText(2, 'success'))
  await using agent = startAgent(stage)
  t.match(await logged(agent, /scanned.*changed=\d+/), 'listed=2 changed=1', 'job 1 is too old')
})

t.test('a renamed cluster is told by its new name', async (t) => {
  await using stage = openStage(noBroker)
  await using agent = startAgent(stage)
  await logged(agent, /watching/)
  writeFileSync(path.join(stage.directory, 'var/lib/ganeti/ssconf_cluster_name'), 'renamed\n')
  await logged(agent, /watching[\s\S]*cluster=renamed[\s\S]*watching/)
  t.pass('the queue is followed anew')
})
