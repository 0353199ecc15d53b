import t from 'tap'
import { logEvent } from '#progress/log-event.js'
import { jobFile, jobOf } from '../support/job.js'

const cluster = { name: 'c', uuid: 'u', prefixes: new Map<string, string>() }

function eventOf(text: string, input: object = {}) {
  const log = [[3, [112, 7], 'message', text]]
  const job = jobOf(jobFile(7, [{ status: 'running', start: 110, exec: 111, input, log }]))
  const [line] = job.ops[0]?.log ?? []
  return line && logEvent(cluster, job, { kind: 'log', opIndex: 0, line, time: line.time })
}

t.test('a log line is told with its phase, its percentage and an id of its own', async (t) => {
  t.strictSame(eventOf('* memory transfer progress: 12.34 %'), {
    messageId: 'log.u.7.3',
    routingPrefix: 'vm1',
    subject: 'vm1.example',
    body: {
      type: 'ganeti-op-log',
      event_time: [112, 7],
      operation: 'OP_INSTANCE_STARTUP',
      cluster: 'c',
      jobId: 7,
      op_index: 0,
      instance: 'vm1.example',
      serial: 3,
      level: 'info',
      logmsg: '* memory transfer progress: 12.34 %',
      phase: 'memory-transfer',
      percentage: 12.34,
    },
  })
})

t.test('an export is an op about an instance too', async (t) => {
  const input = { OP_ID: 'OP_BACKUP_EXPORT', instance_name: 'snf-42' }
  t.match(eventOf('disk/0 sent 1.2G, 80.0 MiB/s, 12%, ETA 3m', input), {
    routingPrefix: 'snf',
    body: { phase: 'sending', percentage: 12 },
  })
})

t.test('passwords in URLs stay', async (t) => {
  t.match(eventOf('fetching https://user:secret@example.org/x'), {
    body: { logmsg: 'fetching https://example.org/x', phase: null, percentage: null },
  })
})
