import type { Event } from '#event/event.js'
import { logMessageId } from '#event/message-id.js'
import { routingPrefix } from '#event/routing.js'
import type { Job } from '#ganeti/job.js'
import { withoutUserinfo } from './allowed.js'
import { parseLogLine } from './log-line.js'
import { loggedInstance } from './logged-instance.js'
import { type Cluster, wireTime } from './op-event.js'
import type { LogFact } from './timeline.js'

/** The message for one line of the log of an op about an instance. */
export function logEvent(
  cluster: Cluster,
  job: Job,
  { opIndex, line, time }: LogFact,
): Event | undefined {
  const op = job.ops[opIndex]
  const instance = op && loggedInstance(op)
  if (op === undefined || instance === undefined) return undefined
  const { level, phase, percentage } = parseLogLine(line.text)
  return {
    messageId: logMessageId(cluster.uuid, job.id, line.serial),
    routingPrefix: routingPrefix(instance, cluster.prefixes),
    subject: instance,
    body: {
      type: 'ganeti-op-log',
      event_time: wireTime(time),
      operation: op.opcode,
      cluster: cluster.name,
      jobId: job.id,
      op_index: opIndex,
      instance,
      serial: line.serial,
      level,
      logmsg: withoutUserinfo(line.text),
      phase: phase ?? null,
      percentage: percentage ?? null,
    },
  }
}
