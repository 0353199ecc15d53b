import type { Log } from '#service/log.js'
import type { NodeConfig } from '#service/node-config.js'
import type { Task } from '#service/tasks.js'
import type { RoleName } from './role-names.js'

/** A role that is open and ready to run. */
export interface Role extends AsyncDisposable {
  /** In the order in which they start; they stop the other way round. */
  readonly tasks: readonly Task[]
  /** Aborts when there is nothing more to do, and this role’s own process may end; absent for roles that always have something. */
  readonly rested?: AbortSignal
  /** One line about how it is. */
  summary(): string
  /** Resolves when it does what it is there for; absent: as soon as it is open. */
  readonly ready?: Promise<void>
  /** Goes over to another configuration without a pause. Absent: the role is closed and opened anew, which loses nothing. */
  adopt?(config: NodeConfig): Promise<void>
  /** What hangs and will not come back by itself; then systemd is to end it and start anew. */
  hanging?(): string | undefined
}

/** What a role is opened with, beside its configuration. */
export interface RoleContext {
  readonly log: Log
  /** Where the configuration was read, for the role that reads it again. */
  readonly location: { readonly file: string; readonly isRequired: boolean }
  /** How long a piece of work may take before it counts as hanging; 0 or absent: for ever. */
  readonly hangMs?: number
}

/** Opens a role; its code is loaded only then. */
export async function openRole(
  name: RoleName,
  config: NodeConfig,
  { log, location, hangMs }: RoleContext,
): Promise<Role> {
  switch (name) {
    case 'events':
      return (await import('./events-role.js')).openEventsRole(config, log, { hangMs })
    case 'responder':
      return (await import('./responder-role.js')).openResponderRole(config, log)
    case 'nics':
      return (await import('./nics-role.js')).openNicsRole(config, { log, location })
    case 'hooks':
      return (await import('./hooks-role.js')).openHooksRole(config, log)
  }
}
