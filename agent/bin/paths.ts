import path from 'node:path'
import type { NodeConfig } from '#service/node-config.js'
import type { RoleName } from './role-names.js'

/** Where things are on this node, from its configuration. */
export interface Paths {
  /** Ganeti's job queue. */
  readonly queueDirectory: string
  /** Ganeti's ssconf files and config.data. */
  readonly dataDirectory: string
  readonly outboxDirectory: string
  readonly ledgerFile: string
  /** Who was seen as the master last. */
  readonly masterFile: string
  /** Bindings, one file a NIC. */
  readonly nicsDirectory: string
  /** What nic up and down and the nics role leave for the events role. */
  readonly nicsSpool: string
  /** What the responder leaves for the events role. */
  readonly responderSpool: string
  /** What `okeanid progress` leaves for the events role. */
  readonly progressSpool: string
  /** What hooks/okeanid-post left, for the hooks role. */
  readonly hooksSpool: string
  /** Hooks of operations on instances, from the hooks role for the nics role. */
  readonly hintsSpool: string
  /** What NICs instances have after an operation, from the hooks role for the events role. */
  readonly netSpool: string
  /** Environments of hooks for which the administrator has scripts. */
  readonly scriptsSpool: string
  /** What waits of them, what runs and what came of it. */
  readonly scriptsState: string
  /** The newest tags of instances that the master told this node of. */
  readonly tagsSpool: string
  /** Where a role answers, in a folder of its own that belongs to the role's user. */
  readonly statusSocket: (role: RoleName) => string
  /** Where a role, or all in one process, is told to read its configuration anew. */
  readonly controlSocket: (role: RoleName | 'all') => string
}

/** The paths that a configuration means. */
export function pathsOf({ ganeti, agent, responder }: NodeConfig): Paths {
  const dataDirectory = path.join(ganeti.root, 'var/lib/ganeti')
  return {
    dataDirectory,
    queueDirectory: path.join(dataDirectory, 'queue'),
    outboxDirectory: path.join(agent.state_directory, 'events/outbox'),
    ledgerFile: path.join(agent.state_directory, 'events/ledger.json'),
    masterFile: path.join(agent.state_directory, 'events/master.json'),
    nicsDirectory: responder.nics_directory || path.join(agent.runtime_directory, 'nics'),
    nicsSpool: path.join(agent.state_directory, 'spool/nics'),
    responderSpool: path.join(agent.runtime_directory, 'spool/responder'),
    progressSpool: path.join(agent.state_directory, 'spool/progress'),
    hooksSpool: path.join(agent.state_directory, 'spool/hooks'),
    hintsSpool: path.join(agent.state_directory, 'spool/hints'),
    netSpool: path.join(agent.state_directory, 'spool/net'),
    scriptsSpool: path.join(agent.state_directory, 'spool/scripts'),
    scriptsState: path.join(agent.state_directory, 'hooks'),
    tagsSpool: path.join(agent.state_directory, 'spool/desired'),
    statusSocket: (role) => path.join(agent.runtime_directory, `${role}-role`, 'status.sock'),
    controlSocket: (role) => path.join(agent.runtime_directory, `${role}-role`, 'control.sock'),
  }
}
