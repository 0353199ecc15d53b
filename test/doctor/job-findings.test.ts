import t from 'tap'
import type { JobsFacts, RoleFacts } from '#doctor/facts.js'
import { jobFindings } from '#doctor/job-findings.js'

const quiet: JobsFacts = {
  isMaster: false,
  isCandidate: true,
  unknown: '',
  held: 3,
  heardSeconds: 20,
}

/** What the doctor says of an events role that says this of its jobs. */
const said = (jobs: Partial<JobsFacts>, state = 'connected') =>
  jobFindings({
    role: 'events',
    socket: '',
    problem: undefined,
    capabilities: undefined,
    broker: { state, problem: undefined },
    waitingQueues: [],
    jobs: { ...quiet, ...jobs },
  } satisfies RoleFacts).map(({ what }) => what)

t.test('a candidate that hears the master is well', async (t) => t.strictSame(said({}), []))

t.test('a candidate that does not hear the master would tell much again', async (t) => {
  t.match(said({ heardSeconds: undefined })[0], /would tell 3 again/)
  t.match(said({ heardSeconds: 601 })[0], /would tell 3 again/)
  t.strictSame(said({ heardSeconds: undefined, held: 0 }), [])
  t.strictSame(said({ heardSeconds: undefined }, 'waiting'), [], 'the broker is the trouble')
  t.strictSame(said({ heardSeconds: undefined, isMaster: true }), [])
})

t.test('a master says which jobs it cannot know', async (t) => {
  t.match(said({ isMaster: true, unknown: '1-4999' })[0], /became of jobs 1-4999 cannot be told/)
  t.strictSame(said({ unknown: '1-4999' }), [], 'a candidate need not')
})
