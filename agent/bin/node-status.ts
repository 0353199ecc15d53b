import { AgentError, hasCode } from '#errors.js'
import { readQueueStats } from '#kernel/queue-stats.js'
import type { LoadedConfig } from '#service/config.js'
import type { NodeConfig } from '#service/node-config.js'
import { askStatusSocket } from '#service/status-socket.js'
import { packageVersion } from '#service/version.js'
import type { EventsStatus } from './events-status.js'
import type { HooksStatus } from './hooks-status.js'
import type { NicsStatus } from './nics-status.js'
import { pathsOf } from './paths.js'
import type { ResponderStatus } from './responder-status.js'
import { type RoleName, roleNames } from './role-names.js'

/** What any role answers. */
export type RoleStatus = EventsStatus | ResponderStatus | NicsStatus | HooksStatus

/** What `okeanid status --json` prints: this node’s agent, as it is now. */
export interface NodeStatus {
  /** What is installed; a role that was not restarted may be another one. */
  readonly version: string
  readonly node_version: string
  /** The configuration as its files have it now; what a role was started with stands with the role. */
  readonly configuration: {
    readonly digest: string
    readonly sections: Readonly<Record<string, string>>
    readonly files: readonly string[]
  }
  /** The node's clock, Unix milliseconds. */
  readonly now_ms: number
  readonly roles: readonly RoleStatus[]
}

/** A role's answer, or why there is none. */
export type Asked = { readonly role: RoleName } & (
  | { readonly text: string }
  | { readonly error: AgentError }
)

/** Asks every role of this node over its socket. */
export function askRoles(config: NodeConfig, route: string): Promise<readonly Asked[]> {
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

/** This node's status, of the roles that answered. */
export function nodeStatus(
  { config, files }: Pick<LoadedConfig, 'config' | 'files'>,
  asked: readonly Asked[],
): NodeStatus {
  const { all, sections } = config.digest
  return {
    version: packageVersion(),
    node_version: process.versions.node,
    configuration: { digest: all, sections, files },
    now_ms: Date.now(),
    roles: asked.flatMap((answer) => ('text' in answer ? [readRoleStatus(answer.text)] : [])),
  }
}

/** A role's answer; what the kernel tells root only of a responder's queues is asked here, for root may be who asks. */
export function readRoleStatus(text: string): RoleStatus {
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
