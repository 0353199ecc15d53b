import { sectionOf } from '#service/changed-keys.js'
import type { NodeConfig } from '#service/node-config.js'
import type { RoleName } from './role-names.js'

/** Where everything is: what others find there was found by the old name. */
const places = ['[agent] state_directory', '[agent] runtime_directory']

/** What the responder's queues and counters were made with. */
const limits = ['rate', 'burst', 'trace_clients', 'trace_rate'].map((key) => `[responder] ${key}`)

/** Whether a key of the configuration holds from a role's start to its end. Without a role: of all in one process. */
export function isFixed(role: RoleName | undefined, name: string): boolean {
  if (places.includes(name)) return true
  return role === 'responder' && (sectionOf(name) === 'queueing' || limits.includes(name))
}

/** A configuration with the values that are fixed as the role was started with them. */
export function withFixed(
  role: RoleName | undefined,
  next: NodeConfig,
  started: NodeConfig,
): NodeConfig {
  const { state_directory, runtime_directory } = started.agent
  const agent = { ...next.agent, state_directory, runtime_directory }
  if (role !== 'responder') return { ...next, agent }
  const { rate, burst, trace_clients, trace_rate } = started.responder
  return {
    ...{ ...next, agent, queueing: started.queueing },
    responder: { ...next.responder, rate, burst, trace_clients, trace_rate },
  }
}
