import type { NodeStatus } from './node-status.js'
import type { RoleName } from './role-names.js'
import { troublesOf } from './role-trouble.js'

/** What came of asking one node. */
export type NodeAnswer =
  | {
      readonly kind: 'status'
      readonly status: NodeStatus
      /** How far its clock is ahead of ours, at the least: what the way there may have taken is given to it. */
      readonly clockAheadMs: number
    }
  | { readonly kind: 'silent'; readonly problem: string; readonly cure: string }
  /** Ganeti itself does not talk to it. */
  | { readonly kind: 'offline' }

/** One node that was asked. */
export interface AskedNode {
  readonly node: string
  readonly answer: NodeAnswer
}

/** Something that is amiss with a node. */
export interface Trouble {
  readonly what: string
  readonly cure: string
}

/** One node of the report; what is not known is null. */
export interface NodeReport {
  readonly node: string
  readonly isMaster: boolean
  readonly answer: NodeAnswer['kind']
  readonly version: string | null
  readonly node_version: string | null
  /** Digest of its configuration files. */
  readonly config: string | null
  readonly backlog: number | null
  readonly lag_seconds: number | null
  readonly roles: readonly RoleName[]
  readonly troubles: readonly Trouble[]
}

/** How the agents of a cluster are. */
export interface ClusterReport {
  readonly ok: boolean
  readonly cluster: string
  readonly master: string
  readonly nodes: readonly NodeReport[]
}

/** A clock that is off by so much mixes up the order of what nodes tell. */
const maxClockMs = 2000

/**
 * Judges the answers of all nodes: each by its own word, and beside the master, whose configuration and version are what the others are
 * measured by.
 */
export function clusterReport(
  { cluster, master }: { readonly cluster: string; readonly master: string },
  asked: readonly AskedNode[],
): ClusterReport {
  const reference = statusOf(asked.find(({ node }) => node === master))
  const statuses = asked.flatMap((one) => statusOf(one) ?? [])
  const usual = new Set(statuses.flatMap(({ roles }) => roles.map(({ role }) => role)))
  usual.delete('hooks') // it rests when there is nothing to do
  const nodes = asked.map((one): NodeReport => {
    const isMaster = one.node === master
    const status = statusOf(one)
    const events = status?.roles.find((role) => role.role === 'events')
    return {
      node: one.node,
      isMaster,
      answer: one.answer.kind,
      version: status?.version ?? null,
      node_version: status?.node_version ?? null,
      config: status?.configuration?.digest ?? null,
      backlog: events?.outbox.backlogMessages ?? null,
      lag_seconds: events?.outbox.lagSeconds ?? null,
      roles: status?.roles.map(({ role }) => role) ?? [],
      troubles: troublesOfNode(one, reference, usual),
    }
  })
  return { ok: nodes.every(({ troubles }) => troubles.length === 0), cluster, master, nodes }
}

function statusOf(asked: AskedNode | undefined): NodeStatus | undefined {
  return asked?.answer.kind === 'status' ? asked.answer.status : undefined
}

function troublesOfNode(
  { node, answer }: AskedNode,
  reference: NodeStatus | undefined,
  usual: ReadonlySet<RoleName>,
): readonly Trouble[] {
  switch (answer.kind) {
    case 'offline':
      return []
    case 'silent':
      return [{ what: answer.problem, cure: answer.cure }]
    case 'status': {
      const { status, clockAheadMs } = answer
      return [
        ...absentRoles(status, usual),
        ...status.roles
          .flatMap(troublesOf)
          .map((what) => ({ what, cure: `okeanid doctor on ${node}` })),
        ...drift(node, status, reference),
        ...staleRoles(status),
        ...(Math.abs(clockAheadMs) <= maxClockMs
          ? []
          : [
              {
                what: `its clock is ${Math.round(Math.abs(clockAheadMs) / 1000)} s ${clockAheadMs > 0 ? 'ahead' : 'behind'}`,
                cure: 'see timedatectl and chronyc tracking there',
              },
            ]),
      ]
    }
  }
}

function absentRoles({ roles }: NodeStatus, usual: ReadonlySet<RoleName>): readonly Trouble[] {
  const here = new Set(roles.map(({ role }) => role))
  if (here.size === 0)
    return [
      { what: 'no role runs', cure: 'systemctl start okeanid.target; journalctl -u okeanid-agent' },
    ]
  return [...usual]
    .filter((role) => !here.has(role))
    .map((role) => ({
      what: `role ${role} does not run, which runs on other nodes`,
      cure: `systemctl enable --now ${unitOf(role)}; journalctl -u ${unitOf(role)}`,
    }))
}

function drift(
  node: string,
  status: NodeStatus,
  reference: NodeStatus | undefined,
): readonly Trouble[] {
  if (reference === undefined || status === reference) return []
  const own = status.configuration
  // an agent of before does not say
  const differing = own === undefined ? [] : differingSections(own, reference.configuration)
  const files = reference.configuration.files.filter((file) => !file.endsWith('/local.ini'))
  return [
    ...(differing.length === 0
      ? []
      : [
          {
            what: `its configuration is not the master’s: ${differing.map((section) => `[${section}]`).join(' ')}`,
            cure: `okeanid config show says what holds; ${files.map((file) => `gnt-cluster copyfile -n ${node} ${file}; `).join('')}systemctl reload the roles there`,
          },
        ]),
    ...(status.version === reference.version
      ? []
      : [
          {
            what: `its version is ${status.version}, the master’s ${reference.version}`,
            cure: 'nothing is amiss while an upgrade is under way; else install the same',
          },
        ]),
  ]
}

function differingSections(
  own: NodeStatus['configuration'],
  other: NodeStatus['configuration'],
): readonly string[] {
  const names = new Set([...Object.keys(own.sections), ...Object.keys(other.sections)])
  return [...names].filter((name) => own.sections[name] !== other.sections[name]).sort()
}

/** Roles that go by what held before: their files or their program have changed since they were started. */
function staleRoles({ roles, configuration, version }: NodeStatus): readonly Trouble[] {
  return roles.flatMap((role) => {
    if (role.role === 'hooks') return [] // a fresh process for each burst of work
    const unit = unitOf(role.role)
    return [
      ...(configuration === undefined || role.config === configuration.digest
        ? []
        : [
            {
              what: `${role.role} goes by another configuration than its files have now`,
              cure: `systemctl reload ${unit}; where it says that a key wants a restart, systemctl restart ${unit}`,
            },
          ]),
      ...(role.version === version
        ? []
        : [
            {
              what: `${role.role} is still version ${role.version}, installed is ${version}`,
              cure: `systemctl restart ${unit}`,
            },
          ]),
    ]
  })
}

function unitOf(role: RoleName): string {
  return role === 'events' ? 'okeanid-agent' : `okeanid-${role}`
}
