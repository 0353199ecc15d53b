import t from 'tap'
import { decodeJob } from '#ganeti/job-decoder.js'
import type { JsonObject } from '#ganeti/json-value.js'
import { timeline } from '#progress/timeline.js'
import { touchedInstances } from '#progress/touched-instances.js'
import { jobText } from '../support/job-text.js'

/** The instances that a job of one such op touches. */
function touchedBy(input: JsonObject, phase: 'running' | 'success' = 'success'): readonly string[] {
  const job = JSON.parse(jobText(7, phase)) as { ops: { input: JsonObject }[] }
  const [op] = job.ops
  if (op !== undefined) op.input = input
  const decoded = decodeJob(new TextEncoder().encode(JSON.stringify(job)))
  if (!decoded.ok) throw new Error('no job')
  return touchedInstances(decoded.value, timeline(decoded.value))
}

for (const { name, input, touched } of [
  {
    name: 'tags were added',
    input: { OP_ID: 'OP_TAGS_SET', kind: 'instance', name: 'vm1', tags: ['a'] },
    touched: ['vm1'],
  },
  {
    name: 'tags were removed',
    input: { OP_ID: 'OP_TAGS_DEL', kind: 'instance', name: 'vm1', tags: ['a'] },
    touched: ['vm1'],
  },
  {
    name: 'NICs were changed',
    input: { OP_ID: 'OP_INSTANCE_SET_PARAMS', instance_name: 'vm1' },
    touched: ['vm1'],
  },
  {
    name: 'it has another name',
    input: { OP_ID: 'OP_INSTANCE_RENAME', instance_name: 'vm1', new_name: 'vm2' },
    touched: ['vm1', 'vm2'],
  },
  {
    name: 'a network has tags',
    input: { OP_ID: 'OP_TAGS_SET', kind: 'network', name: 'net1', tags: ['a'] },
    touched: [],
  },
  {
    name: 'it was started',
    input: { OP_ID: 'OP_INSTANCE_STARTUP', instance_name: 'vm1' },
    touched: [],
  },
]) {
  t.test(`which instances’ tags are read again when ${name}`, async (t) => {
    t.same(touchedBy(input), touched)
    t.same(touchedBy(input, 'running'), [], 'not before it has succeeded')
  })
}
