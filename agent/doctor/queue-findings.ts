import { type QueuedService, queuedServices, queueNumber } from '#nic/queueing/plan.js'
import type { HostFacts, QueueingFacts } from './facts.js'
import { broken, type Finding, note } from './finding.js'

/** Bytes of kernel memory that one waiting packet costs (docs/performance.md); the kernel grants twice what is asked for. */
const bytesPerPacket = 1280

/** Who listens to the queues, and whether they are large enough. */
export function queueFindings({ queueing, roles }: HostFacts): readonly Finding[] {
  const responder = roles.find(({ role }) => role === 'responder')
  return [
    ...numberFindings(queueing),
    ...queueing.bound.flatMap(({ number, owner, portId, isOurs, dropped }) => {
      const who = owner ?? `netlink port ${portId}`
      if (!isOurs && responder?.problem === undefined)
        return [
          broken(
            'queue',
            `queue ${number} is held by ${who}, not by our responder`,
            `${/nfdhcpd/.test(who) ? 'stop nfdhcpd: systemctl disable --now nfdhcpd' : 'stop it'}; or give us other numbers in [queueing]`,
          ),
        ]
      return dropped === 0
        ? []
        : [
            note(
              'queue',
              `queue ${number} of ${who} was full at times: ${dropped} packets were dropped`,
              'raise [queueing] max_length and receive_buffer, or lower [responder] rate',
            ),
          ]
    }),
    ...(responder?.waitingQueues ?? [])
      .filter(({ number }) => !queueing.bound.some((queue) => queue.number === number))
      .map(({ number, problem }) =>
        broken(
          'queue',
          `queue ${number} is not bound: ${problem}`,
          'it is tried again by itself; journalctl -u okeanid-responder',
        ),
      ),
    ...sizeFindings(queueing),
  ]
}

/** Two kinds of packets in one queue would be taken for each other. */
function numberFindings({ numbers }: QueueingFacts): readonly Finding[] {
  const users = new Map<number, string[]>()
  for (const service of queuedServices)
    for (const whenDown of ['pass', 'drop'] as const) {
      const number = queueNumber(numbers, { service, whenDown })
      users.set(number, [...(users.get(number) ?? []), nameOf(service, whenDown)])
    }
  const cure =
    'give each kind a number of its own in [queueing], with and without drop_queue_offset, up to 65535'
  return [...users].flatMap(([number, names]) => [
    ...(names.length > 1
      ? [broken('queue', `queue ${number} is for ${names.join(' and ')}`, cure)]
      : []),
    ...(number > 65_535
      ? [broken('queue', `there is no queue ${number} (${names.join()})`, cure)]
      : []),
  ])
}

function sizeFindings({ maxLength, receiveBufferBytes }: QueueingFacts): readonly Finding[] {
  const fitting = Math.floor((2 * receiveBufferBytes) / bytesPerPacket)
  return fitting >= maxLength
    ? []
    : [
        note(
          'queue',
          `receive_buffer has room for ${fitting} packets, max_length allows ${maxLength}`,
          `set [queueing] receive_buffer to ${Math.ceil((maxLength * bytesPerPacket) / 2 / 1024)}K or more`,
        ),
      ]
}

function nameOf(service: QueuedService, whenDown: 'pass' | 'drop'): string {
  return whenDown === 'pass' ? service : `${service} (when_down drop)`
}
