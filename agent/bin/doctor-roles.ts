import { readFileSync } from 'node:fs'
import type { NicsFacts, OutboxFacts, RoleFacts } from '#doctor/facts.js'
import { AgentError } from '#errors.js'
import { readCapabilities } from '#kernel/host-facts.js'
import type { NodeConfig } from '#service/node-config.js'
import { askStatusSocket } from '#service/status-socket.js'
import { packageVersion } from '#service/version.js'
import type { EventsStatus } from './events-status.js'
import type { HooksStatus } from './hooks-status.js'
import type { NicsStatus } from './nics-status.js'
import { pathsOf } from './paths.js'
import type { ProcessStatus } from './process-status.js'
import type { RepairState } from './repair-report.js'
import type { ResponderStatus } from './responder-status.js'
import { roleNames } from './role-names.js'

/** What a role says of itself, as far as the doctor cares. */
export interface AskedRole {
  readonly facts: RoleFacts
  /** Netlink ports of the queues that it holds. */
  readonly boundPorts: readonly number[]
}

/** Asks every role over its socket; one that does not answer is a fact like any other. */
export function askForFacts(config: NodeConfig): Promise<readonly AskedRole[]> {
  const { statusSocket } = pathsOf(config)
  return Promise.all(
    roleNames.map(async (role) => {
      const socket = statusSocket(role)
      const silent: RoleFacts = {
        role,
        socket,
        problem: undefined,
        capabilities: undefined,
        broker: undefined,
        waitingQueues: [],
      }
      try {
        const status = JSON.parse(await askStatusSocket(socket, '/status')) as
          | EventsStatus
          | ResponderStatus
          | NicsStatus
          | HooksStatus
        const capabilities = await readCapabilities(status.pid)
        const stale = staleness(status, config)
        return factsOf({ ...silent, capabilities, stale }, status, config)
      } catch (error) {
        if (!(error instanceof AgentError)) throw error
        return { facts: { ...silent, problem: error.message }, boundPorts: [] }
      }
    }),
  )
}

function staleness(
  { role, config: digest, version }: ProcessStatus & { readonly role: string },
  config: NodeConfig,
): NonNullable<RoleFacts['stale']> {
  if (role === 'hooks') return [] // a fresh process for each burst of work
  return [
    // an agent of before does not say
    ...(digest === undefined || digest === config.digest.all
      ? []
      : [
          {
            what: 'goes by another configuration than its files have now',
            verb: 'reload' as const,
          },
        ]),
    ...(version === packageVersion()
      ? []
      : [
          {
            what: `is still version ${version}, installed is ${packageVersion()}`,
            verb: 'restart' as const,
          },
        ]),
  ]
}

function factsOf(
  facts: RoleFacts,
  status: EventsStatus | ResponderStatus | NicsStatus | HooksStatus,
  config: NodeConfig,
): AskedRole {
  switch (status.role) {
    case 'events': {
      const { state, problem } = status.broker
      const { isMaster, isCandidate, jobs } = status
      return {
        facts: {
          ...facts,
          broker: { state, problem: problem ?? undefined },
          outbox: outboxFacts(status, config),
          jobs: { isMaster, isCandidate, ...jobs, heardSeconds: jobs.heardSeconds ?? undefined },
        },
        boundPorts: [],
      }
    }
    case 'responder':
      return {
        facts: {
          ...facts,
          waitingQueues: status.queues.flatMap(({ number, state }) =>
            state.kind === 'waiting' ? [{ number, problem: state.problem.message }] : [],
          ),
        },
        boundPorts: status.queues.flatMap(({ state }) =>
          state.kind === 'bound' ? [state.portId] : [],
        ),
      }
    case 'nics':
      return { facts: { ...facts, nics: nicsFacts(status.nics) }, boundPorts: [] }
    case 'hooks':
      return { facts, boundPorts: [] }
  }
}

function outboxFacts({ outbox, broker }: EventsStatus, config: NodeConfig): OutboxFacts {
  return {
    problem: outbox.isWritable ? undefined : (outbox.problem ?? 'it cannot be written'),
    held: outbox.held,
    heldReason: outbox.heldReason ?? undefined,
    unroutable: broker.unroutable,
    isDropping: config.broker.unroutable === 'drop',
    quarantined: outbox.quarantined,
    forsaken: broker.state === 'disabled' ? outbox.backlogMessages : 0,
  }
}

function nicsFacts({ failure, problems, stances, losses, hasRouted6 }: RepairState): NicsFacts {
  return {
    failure,
    problems,
    observed: stances['observe'] ?? 0,
    disabled: stances['disabled'] ?? 0,
    losses,
    lacksForwarding6: hasRouted6 && forwarding6() === '0',
  }
}

function forwarding6(): string | undefined {
  try {
    return readFileSync('/proc/sys/net/ipv6/conf/all/forwarding', 'utf8').trim()
  } catch {
    return undefined // no IPv6 at all
  }
}
