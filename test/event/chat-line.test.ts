import t from 'tap'
import { chatLine } from '#event/chat-line.js'

const line = (body: object) => chatLine({ body: JSON.stringify({ cluster: 'c1', ...body }) })
const job = { type: 'ganeti-job-status', jobId: 7, summary: ['INSTANCE_STARTUP(vm1)'] }
const guest = { type: 'ganeti-instance-status', instance: 'vm1', node: 'n1', status: 'exited' }
const nic = { type: 'ganeti-nic-status', instance: 'vm1', node: 'n1' }

const cases: readonly (readonly [string, object, string | undefined])[] = [
  ['a job that failed', { ...job, status: 'error' }, ':x: job 7 error: INSTANCE_STARTUP(vm1) (c1)'],
  ['a job that did not end yet', { ...job, status: 'running' }, undefined],
  [
    'a guest that ended by itself',
    { ...guest, reason: 'by-itself' },
    ':warning: vm1 ended on n1: by-itself (c1)',
  ],
  ['a guest that was stopped', { ...guest, reason: 'stopped' }, undefined],
  [
    'a NIC that failed',
    { ...nic, status: 'failed', reason: 'no br7' },
    ':x: a NIC of vm1 could not be set up on n1: no br7 (c1)',
  ],
  ['a NIC that came up', { ...nic, status: 'up' }, undefined],
  [
    'another master',
    {
      type: 'ganeti-cluster-status',
      operation: 'MASTER_FAILOVER',
      master_node: 'n2',
      previous_master_node: 'n1',
    },
    ':crown: n2 is the master in place of n1 (c1)',
  ],
  [
    'a modification of the cluster',
    { type: 'ganeti-cluster-status', operation: 'OP_CLUSTER_SET_PARAMS' },
    undefined,
  ],
  [
    'an install that failed',
    { type: 'image-error', instance: 'vm1' },
    ':x: the install of vm1 failed (c1)',
  ],
  ['a heartbeat', { type: 'eventd-heartbeat' }, undefined],
  [
    'something that is called as a channel',
    { ...job, status: 'success', summary: ['<!channel> & co'] },
    ':white_check_mark: job 7 success: &lt;!channel&gt; &amp; co (c1)',
  ],
]

for (const [name, body, wanted] of cases)
  t.test(name, async (t) => {
    t.equal(line(body), wanted)
  })

t.test('what is no JSON is nothing to say', async (t) => {
  t.equal(chatLine({ body: '{' }), undefined)
})
