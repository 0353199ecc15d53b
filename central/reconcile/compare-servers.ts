import type { Names } from '#central/names.js'
import type { Row } from '#central/store/schema.js'
import type { JsonObject } from '#ganeti/json-value.js'
import { nicDifferences } from './compare-nics.js'
import type { Action, Finding } from './finding.js'
import type { InstancesView, InstanceView, PortView, StoredServers } from './view.js'

type ServerRow = Row<'servers'>

/**
 * What differs between the servers of the store and the instances of their cluster. Ganeti is right.
 *
 * What it says bears the time when it changed the instance's entry. Where the store has something newer, the difference must be
 * seen twice, the grace period apart, with nothing changed between and no job under way, before it counts. Servers about which
 * something is under way are left alone.
 */
export function compareServers(
  store: StoredServers,
  cluster: InstancesView,
  { names }: { readonly names: Names },
): readonly Finding[] {
  const instances = new Map(cluster.instances.map((one) => [one.name, one]))
  const findings: Finding[] = []
  const known = new Set<string>()
  for (const server of store.servers) {
    const { id, instance_name: name } = server
    known.add(name)
    if (store.orphanTasks.has(id)) findings.push(orphanTask(server))
    if (store.pending.has(id) || cluster.busy.has(name)) continue
    const instance = instances.get(name)
    if (instance === undefined) findings.push(...missing(server))
    else findings.push(...compareServer(server, instance, store.ports.get(id) ?? []))
  }
  for (const { name } of cluster.instances) {
    if (known.has(name) || names.serverIdOf(name) === undefined) continue
    const detail = 'an instance under a name of ours that no server has; not touched'
    findings.push({ kind: 'orphan-instance', name, detail, action: { kind: 'report' } })
  }
  return findings
}

function orphanTask({ id, instance_name: name, task }: ServerRow): Finding {
  const detail = `task ${task} that nothing will end`
  return { kind: 'pending-task', name, serverId: id, detail, action: { kind: 'clear-task' } }
}

/** A server that could not be made has no instance. */
function missing(server: ServerRow): readonly Finding[] {
  const { id, instance_name: name, power } = server
  if (power === 'ERROR') return []
  const body = opBody({
    name,
    operation: 'OP_INSTANCE_REMOVE',
    timeUs: afterStamp(server.op_stamp),
  })
  return [
    {
      kind: 'stale-server',
      name,
      serverId: id,
      detail: `${power} in the store, and not at the cluster`,
      action: { kind: 'wait', proof: server.op_stamp, later: { kind: 'tell', bodies: [body] } },
    },
  ]
}

function compareServer(
  server: ServerRow,
  instance: InstanceView,
  ports: readonly PortView[],
): readonly Finding[] {
  const findings: Finding[] = []
  const { id: serverId } = server
  const differences = serverDifferences(server, instance)
  if (differences.length > 0) {
    const stamps = [server.power_stamp, server.vcpus_stamp, server.ram_stamp, server.tags_stamp]
    findings.push({
      kind: 'unsynced-server',
      name: instance.name,
      serverId,
      detail: differences.join(', '),
      action: tell(instance, { operation: powerOperation(instance), stamps, nics: false }),
    })
  }
  const nics = nicDifferences(ports, instance.nics)
  if (nics.length > 0) {
    findings.push({
      kind: 'unsynced-nics',
      name: instance.name,
      serverId,
      detail: nics.join(', '),
      action: tell(instance, {
        operation: 'OP_INSTANCE_SET_PARAMS',
        stamps: server.nics_serial >= instance.serial ? [server.nics_stamp] : [],
        nics: true,
      }),
    })
  }
  return findings
}

function serverDifferences(server: ServerRow, instance: InstanceView): readonly string[] {
  const differences: string[] = []
  const differ = (what: string, ours: unknown, theirs: unknown) => {
    if (ours !== theirs) differences.push(`${what} ${ours}, not ${theirs}`)
  }
  // A guest that ended by itself is stopped, though it is meant to run: its node knows.
  const power = instance.adminState === 'up' ? 'STARTED' : 'STOPPED'
  const isCrashed = server.guest === 'exited' && server.power === 'STOPPED' && power === 'STARTED'
  if (!isCrashed) differ('power', server.power, power)
  differ('vcpus', server.vcpus, instance.vcpus)
  differ('memory', server.ram_mib, instance.ramMib)
  differ('disk', server.disk_mib, sumOf(instance.diskSizesMib))
  if (server.tags !== '') differ('tags', server.tags, JSON.stringify([...instance.tags].sort()))
  if (server.node !== null) differ('node', server.node, instance.node)
  return differences
}

function powerOperation({ adminState }: InstanceView): string {
  return adminState === 'up' ? 'OP_INSTANCE_STARTUP' : 'OP_INSTANCE_SHUTDOWN'
}

/** Told at once if it is news; else when it was seen twice. */
function tell(
  instance: InstanceView,
  {
    operation,
    stamps,
    nics,
  }: { readonly operation: string; readonly stamps: readonly string[]; readonly nics: boolean },
): Action {
  const newestUs = Math.max(0, ...stamps.map(stampTimeUs))
  const isNews = instance.modifiedUs > newestUs
  const timeUs = isNews ? instance.modifiedUs : newestUs + 1
  const told = { kind: 'tell', bodies: bodiesOf(instance, { operation, timeUs, nics }) } as const
  return isNews ? told : { kind: 'wait', proof: String(instance.serial), later: told }
}

/** All that there is to tell of an instance, as of its last change. */
export function instanceBodies(instance: InstanceView): readonly JsonObject[] {
  const timeUs = instance.modifiedUs
  const operation = powerOperation(instance)
  const told = bodiesOf(instance, { operation, timeUs, nics: false })
  return [...told, ...bodiesOf(instance, { operation, timeUs: timeUs + 1, nics: true })]
}

function bodiesOf(
  instance: InstanceView,
  {
    operation,
    timeUs,
    nics,
  }: { readonly operation: string; readonly timeUs: number; readonly nics: boolean },
): readonly JsonObject[] {
  const { name, vcpus, ramMib, tags, serial, node, adminState } = instance
  const op = {
    ...opBody({ name, operation, timeUs }),
    job_fields: { beparams: { vcpus, maxmem: ramMib } },
    instance_tags: tags,
    instance_disks: instance.diskSizesMib.map((size) => ({ size })),
    instance_serial_no: serial,
    ...(nics ? { instance_nics: instance.nics } : {}),
  }
  const seen = {
    type: 'ganeti-instance-status',
    event_time: wireTime(timeUs),
    instance: name,
    node,
    status: 'started',
  }
  return adminState === 'up' && !nics ? [op, seen] : [op]
}

/** A message about an op that no job did. */
export function opBody({
  name,
  operation,
  timeUs,
}: {
  readonly name: string
  readonly operation: string
  readonly timeUs: number
}): JsonObject {
  return {
    type: 'ganeti-op-status',
    event_time: wireTime(timeUs),
    operation,
    status: 'success',
    jobId: 0,
    op_index: 0,
    instance: name,
    logmsg: 'found by reconciliation',
    result: null,
  }
}

/** `[seconds, microseconds]`. */
export function wireTime(timeUs: number): readonly [number, number] {
  return [Math.floor(timeUs / 1_000_000), Math.trunc(timeUs % 1_000_000)]
}

/** When a stamp says that it was; 0 for never (`central/stamp.ts`). */
export function stampTimeUs(stamp: string): number {
  return stamp === '' ? 0 : Number(stamp.slice(0, 16))
}

function afterStamp(stamp: string): number {
  return stampTimeUs(stamp) + 1
}

function sumOf(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + size, 0)
}
