/**
 * `okeanid status`: asks the roles of the agent on this node over their sockets and prints what they answer. A role that does
 * not run is said so; only when none runs is that a failure.
 */
import { AgentError, hasCode } from '#errors.js'
import { readQueueStats } from '#kernel/queue-stats.js'
import { loadConfig } from '#service/config.js'
import { printLine } from '#service/log.js'
import type { NodeConfig } from '#service/node-config.js'
import { askStatusSocket } from '#service/status-socket.js'
import { describeEventsLines, type EventsStatus } from './events-status.js'
import { describeHooksLines, type HooksStatus } from './hooks-status.js'
import { describeNicsLines, type NicsStatus } from './nics-status.js'
import { pathsOf } from './paths.js'
import { describeResponderLines, type ResponderStatus } from './responder-status.js'
import { type RoleName, roleNames } from './role.js'

/** What any role answers. */
type RoleStatus = EventsStatus | ResponderStatus | NicsStatus | HooksStatus

/** A role's answer, or why there is none. */
type Asked = { readonly role: RoleName } & (
  | { readonly text: string }
  | { readonly error: AgentError }
)

/** Prints how the agent is. @throws AgentError AGENT_NOT_RUNNING when no role answers */
export async function printStatus(
  location: { readonly file: string; readonly isRequired: boolean },
  { json, metrics }: { readonly json?: true; readonly metrics?: true },
): Promise<void> {
  const { config } = await loadConfig(location.file, location)
  const asked = await askRoles(config, metrics ? '/metrics' : '/status')
  const texts = asked.flatMap((answer) => ('text' in answer ? [answer.text] : []))
  const [first] = asked
  if (texts.length === 0 && first !== undefined && 'error' in first) throw first.error
  if (metrics) {
    process.stdout.write(texts.join(''))
    return
  }
  if (json) {
    printLine(JSON.stringify({ roles: texts.map(readStatus) }, null, 2))
    return
  }
  for (const answer of asked) {
    const lines =
      'text' in answer
        ? describe(readStatus(answer.text))
        : [['role', `${answer.role}: ${absences[answer.role] ?? absence}`] as const]
    for (const [name, value] of lines) printLine(`${name.padEnd(10)} ${value}`)
  }
}

const absence = 'does not run here (or not for you to ask)'

/** A role that runs only while there is something to do is not amiss when it does not. */
const absences: Partial<Readonly<Record<RoleName, string>>> = {
  hooks: 'rests; okeanid-hooks.path starts it when a hook has left something',
}

function askRoles(config: NodeConfig, route: string): Promise<readonly Asked[]> {
  const { statusSocket } = pathsOf(config)
  return Promise.all(
    roleNames.map(async (role): Promise<Asked> => {
      try {
        return { role, text: await askStatusSocket(statusSocket(role), route) }
      } catch (error) {
        if (!(error instanceof AgentError) || !hasCode(error, 'AGENT_NOT_RUNNING')) throw error
        return { role, error }
      }
    }),
  )
}

/** A role's answer; what the kernel tells root only of a responder's queues is asked here, for root may be who asks. */
function readStatus(text: string): RoleStatus {
  const status = JSON.parse(text) as RoleStatus
  if (status.role !== 'responder') return status
  const queues = status.queues.map((queue) => {
    const stats = queue.waiting === null ? readQueueStats(queue.number) : undefined
    if (stats === undefined) return queue
    const { waiting, queueDropped, userDropped } = stats
    return { ...queue, waiting, dropped: queueDropped + userDropped }
  })
  return { ...status, queues }
}

function describe(status: RoleStatus): readonly (readonly [string, string])[] {
  switch (status.role) {
    case 'events':
      return describeEventsLines(status)
    case 'responder':
      return describeResponderLines(status)
    case 'nics':
      return describeNicsLines(status)
    case 'hooks':
      return describeHooksLines(status)
  }
}
