import t from 'tap'
import { jobMessages } from '#progress/job-messages.js'
import { timeline } from '#progress/timeline.js'
import { jobFile, jobOf, type OpParts } from '../support/job.js'

const url = 'http://user:half@sekrit@host/x.iso'
const ended = { start: 110, exec: 111, end: 120 }

const cases: readonly { readonly name: string; readonly op: OpParts }[] = [
  {
    name: 'a hypervisor parameter whose password has an @',
    op: {
      ...ended,
      status: 'success',
      input: { OP_ID: 'OP_INSTANCE_CREATE', hvparams: { cdrom_image_path: url } },
    },
  },
  {
    name: 'the changes of set-params',
    op: {
      ...ended,
      status: 'success',
      input: { OP_ID: 'OP_INSTANCE_SET_PARAMS' },
      result: [['hv/cdrom_image_path', url]],
    },
  },
  {
    name: 'an error that quotes the parameter',
    op: {
      ...ended,
      status: 'error',
      result: ['HypervisorError', [`fails syntax check (current value: '${url}')`]],
    },
  },
  {
    name: 'a log line that quotes the parameter',
    op: { ...ended, status: 'success', log: [[1, [115, 0], 'message', `fetching ${url}`]] },
  },
  {
    name: 'structure below an allowed key',
    op: {
      ...ended,
      status: 'success',
      input: { OP_ID: 'OP_INSTANCE_CREATE', nics: [{ name: { osparams: 'sekrit' } }] },
    },
  },
]

for (const { name, op } of cases) {
  t.test(`no password leaves in ${name}`, async (t) => {
    const job = jobOf(jobFile(7, [op], 120))
    const cluster = { name: 'c', uuid: 'u', prefixes: new Map() }
    const origin = { node: 'n', cluster: 'c' }
    const messages = jobMessages(cluster, origin, { job, facts: timeline(job) })
    t.notMatch(messages.map(({ body }) => body).join('\n'), /sekrit/)
    t.ok(messages.length > 0)
  })
}
