import { AgentError, systemCode } from '#errors.js'
import { loadConfig } from '#service/config.js'
import type { NodeConfig } from '#service/node-config.js'
import { pathsOf } from './paths.js'

/** Where the outbox of this node is. */
export interface OutboxPlace {
  readonly config: NodeConfig
  readonly dir: string
}

/** Finds the outbox by the configuration. */
export async function findOutbox(location: {
  readonly file: string
  readonly isRequired: boolean
}): Promise<OutboxPlace> {
  const { config } = await loadConfig(location.file, location)
  return { config, dir: pathsOf(config).outboxDirectory }
}

/**
 * Does something with the files of an outbox.
 * @throws AgentError ROOT_NEEDED when they are not for this user; INPUT_UNREADABLE when there is no outbox
 */
export async function withFiles<T>(dir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const code = systemCode(cause)
    if (code === 'EACCES' || code === 'EPERM') {
      throw new AgentError(
        'ROOT_NEEDED',
        `the outbox ${dir} is private to the events role; run this as root or as its user (sudo -u okeanid)`,
        { cause },
      )
    }
    if (code === 'ENOENT') {
      throw new AgentError(
        'INPUT_UNREADABLE',
        `there is no outbox ${dir}: the events role has never run here, or [agent] state_directory is another`,
        { cause },
      )
    }
    throw cause
  }
}
