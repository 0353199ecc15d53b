import t from 'tap'
import { labUnavailable } from '../lab/command.js'
import { logged, startAgent } from '../support/agent.js'
import { type Candidate, openCandidate } from '../support/candidate.js'
import { type Inbox, openInbox } from '../support/inbox.js'
import { jobText } from '../support/job-text.js'
import { startRabbitmq } from '../support/rabbitmq.js'

/** Two agents of a cluster of two candidates, each with its own copy of the queue, as Ganeti replicates it. */

/** Ganeti writes a job on the master and then on the other candidate. */
function writeOn(nodes: readonly Candidate[], id: number): void {
  for (const node of nodes) node.write(id, jobText(id, 'success'))
}

/** What a node told of a job. */
const from = (inbox: Inbox, node: string, id: number): readonly string[] =>
  inbox
    .ofJob(id)
    .filter(({ headers, body }) => headers['node'] === node && body['type'] === 'ganeti-op-status')
    .map(({ body }) => String(body['status']))

t.test(
  'a candidate takes over from a master whose agent had died hours before',
  { skip: labUnavailable() ?? false, timeout: 300_000 },
  async (t) => {
    await using rabbitmq = await startRabbitmq()
    await using inbox = await openInbox(rabbitmq.url)
    await using n1 = openCandidate('n1', rabbitmq.url)
    await using n2 = openCandidate('n2', rabbitmq.url)

    await t.test(
      'while the master’s agent lives, it settles what the candidate holds',
      async (t) => {
        await using _candidate = startAgent(n2)
        await n2.whenJobs('an empty queue', ({ held }) => held === 0)
        {
          await using _master = startAgent(n1)
          await n1.whenJobs('a master', () => true)
          writeOn([n1, n2], 1)
          await inbox.finishedJob(1)
          await n2.whenJobs('job 1 to be settled', ({ held, open }) => held + open === 0)
        }
        // now nobody tells: the agent of n1 is dead, Ganeti goes on
        writeOn([n1, n2], 2)
        writeOn([n1, n2], 3)
        await n2.whenJobs('jobs 2 and 3 to be held', ({ held }) => held === 2)
        t.strictSame(inbox.ofJob(2), [])
      },
    )
    // hours later, also archived meanwhile, and the agent of n2 was restarted
    n2.age(2, 5)
    n2.archive(2)
    n2.age(3, 5)

    await t.test('a node that did not follow as a candidate loses them: the control', async (t) => {
      await using n3 = openCandidate('n2', rabbitmq.url)
      writeOn([n3], 2)
      n3.age(2, 5)
      n3.archive(2)
      writeOn([n3], 3)
      n3.age(3, 5)
      n3.follow('n2')
      await using _agent = startAgent(n3)
      await n3.whenJobs('a scan', (_, scanCount) => scanCount > 0)
      t.strictSame([...inbox.ofJob(2), ...inbox.ofJob(3)], [])
    })

    await t.test('the new master tells what it held, and nothing that was settled', async (t) => {
      n2.follow('n2')
      await using agent = startAgent(n2)
      await inbox.finishedJob(2)
      await inbox.finishedJob(3)
      await logged(agent, /telling-held-jobs jobs=2/)
      t.strictSame(from(inbox, 'n2', 2), ['success'])
      t.strictSame(from(inbox, 'n2', 3), ['success'])
      t.strictSame(from(inbox, 'n2', 1), [])
    })

    await t.test(
      'the old one, when it is back, tells to their end what was there, under the same ids',
      async (t) => {
        n1.follow('n2')
        await using agent = startAgent(n1)
        await logged(agent, /telling-to-their-end/)
        await inbox.first('job 3 of n1', (m) => m.headers['node'] === 'n1' && m.body['jobId'] === 3)
        writeOn([n1, n2], 4)
        await n1.whenJobs('job 4 to be held', ({ held }) => held === 1)
        t.strictSame(from(inbox, 'n1', 4), [])
        const ids = (node: string) =>
          inbox
            .ofJob(3)
            .flatMap(({ headers, messageId, body }) =>
              headers['node'] === node && body['status'] === 'success' ? [messageId] : [],
            )
        t.strictSame(ids('n1'), ids('n2'))
      },
    )

    await t.test('and is the master again: job 4 is told once by it', async (t) => {
      n1.follow('n1')
      await using _agent = startAgent(n1)
      await inbox.finishedJob(4)
      t.strictSame(from(inbox, 'n1', 4), ['success'])
    })

    await t.test(
      'a cluster that is set up anew is another one, with jobs of its own',
      async (t) => {
        n1.renew('11111111-0000-4000-8000-000000000000')
        writeOn([n1], 1)
        await using _agent = startAgent(n1)
        const isNew = ({ messageId }: { readonly messageId: string }) =>
          messageId.startsWith('op.11111111-0000-4000-8000-000000000000.1.0.success')
        t.ok(await inbox.first('the other job 1', isNew))
      },
    )
  },
)
