import t from 'tap'
import { logged, startAgent } from '../support/agent.js'
import { openCandidate } from '../support/candidate.js'
import { jobText } from '../support/job-text.js'

/** Nobody listens there: what is taken stays in the outbox. */
const noBroker = 'amqp://nobody:nothing@127.0.0.1:1/'

t.test('a master that was no candidate says which jobs it cannot know', async (t) => {
  await using node = openCandidate('n1', noBroker)
  // it was promoted when 4999 jobs had been submitted; none of them is copied to it
  for (const id of [5000, 5002]) node.write(id, jobText(id, 'success', Date.now()))
  await using agent = startAgent(node)
  await logged(agent, /jobs-unknown jobs="1-4999 5001"/)
  const { unknown } = await node.whenJobs('the status', (jobs) => jobs.unknown !== '')
  t.equal(unknown, '1-4999 5001')
  node.write(17, jobText(17, 'success', Date.now()))
  const later = await node.whenJobs(
    'job 17, which ends at last',
    (jobs) => jobs.unknown !== unknown,
  )
  t.equal(later.unknown, '1-16 18-4999 5001')
})

t.test('a node with an old queue misses nothing on its first start', async (t) => {
  await using node = openCandidate('n1', noBroker)
  for (const id of [5000, 5001]) node.write(id, jobText(id, 'success'))
  node.age(5000, 30)
  await using agent = startAgent(node)
  await logged(agent, /scanned/)
  node.write(5002, jobText(5002, 'success'))
  await node.whenJobs('a second scan', (_, scanCount) => scanCount >= 2)
  t.notMatch(agent.log(), /jobs-unknown/)
})

t.test('jobs whose files were deleted while the agent was off are said to be lost', async (t) => {
  await using node = openCandidate('n2', noBroker)
  {
    await using agent = startAgent(node)
    await logged(agent, /watching/)
    for (const id of [1, 2]) node.write(id, jobText(id, 'success'))
    await node.whenJobs('two held jobs', ({ held }) => held === 2)
  }
  node.remove(1) // ganeti-cleaner, weeks later
  for (const id of [6]) node.write(id, jobText(id, 'success')) // 3 to 5 came and went meanwhile
  node.follow('n2')
  await using agent = startAgent(node)
  await logged(agent, /jobs-lost count=1 first=1/)
  await logged(agent, /jobs-unknown jobs=3-5/)
  t.pass('both are told')
})
