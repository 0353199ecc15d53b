import type { Store } from '#central/store/store.js'
import type { FakeCluster } from '../../support/fake-ganeti/cluster.js'
import type { FakeInstance } from '../../support/fake-ganeti/model.js'
import type { Load } from './load.js'

/** What is wrong at the end of a run, to read; there should be nothing. */
export interface Verdict {
  /** A server that somebody was promised, or that the store has, and that is not there; or left over. */
  readonly lost: readonly string[]
  /** Made, or given, more than once. */
  readonly twice: readonly string[]
  /** Something under way that will never end. */
  readonly stuck: readonly string[]
  /** What the store says, and is not so. */
  readonly wrong: readonly string[]
  /** Reasons of intents that failed, each with how many. */
  readonly failed: ReadonlyMap<string, number>
}

/** Compares what clients were told, what the store holds and what the cluster did. */
export async function findFaults({
  store,
  cluster,
  load,
}: {
  readonly store: Store
  readonly cluster: FakeCluster
  readonly load: Load
}): Promise<Verdict> {
  const lost: string[] = []
  const twice: string[] = []
  const stuck: string[] = []
  const wrong: string[] = []
  const servers = await store.read.selectFrom('servers').selectAll().execute()
  const ports = await store.read
    .selectFrom('ports')
    .leftJoin('addresses', 'addresses.port_id', 'ports.id')
    .select(['ports.server_id', 'ports.nic_name', 'ports.state', 'addresses.address'])
    .execute()
  const ids = new Set(servers.map(({ id }) => id))
  for (const id of load.accepted) if (!ids.has(id)) lost.push(`server ${id} is not in the store`)
  const names = new Set<string>()
  const instances = new Set<string>()
  for (const server of servers) {
    const { id, name, instance_name: instanceName, deleted_ms: deletedMs, power, task } = server
    if (names.has(name) || !load.asked.has(name)) twice.push(`${name} is server ${id} as well`)
    names.add(name)
    instances.add(instanceName)
    if (task !== null) stuck.push(`${instanceName} has task ${task}`)
    const createCount = createsOf(cluster, instanceName)
    if (createCount !== 1) {
      const list = createCount === 0 ? lost : twice
      list.push(`${instanceName} was made ${createCount} times`)
    }
    const instance = cluster.instances.get(instanceName)
    if (deletedMs !== null) {
      if (!load.deleting.has(id)) lost.push(`${instanceName} was deleted, and nobody asked for it`)
      if (instance !== undefined) wrong.push(`${instanceName} is deleted in the store only`)
    } else if (instance === undefined) {
      lost.push(`${instanceName} (${power}) is not at the cluster`)
    } else {
      const mine = ports.filter(({ server_id: serverId }) => serverId === id)
      for (const why of differences({ server, mine, instance })) {
        wrong.push(`${instanceName}: ${why}`)
      }
    }
  }
  for (const name of cluster.instances.keys()) {
    if (!instances.has(name)) lost.push(`${name} is at the cluster only`)
  }
  twice.push(...doubleAddresses(cluster), ...doubleJobs(cluster))
  const failed = new Map<string, number>()
  const intents = await store.read.selectFrom('intents').selectAll().execute()
  for (const { id, kind, status, reason } of intents) {
    if (status === 'failed' && (reason ?? '') === '') wrong.push(`intent ${id} failed, no reason`)
    else if (status === 'failed') count(failed, `${kind}: ${reason?.replace(/\d+/g, 'N')}`)
    else if (status !== 'done') stuck.push(`intent ${id} (${kind}) is ${status}`)
  }
  const dead = await store.read.selectFrom('dead_letters').select('reason').execute()
  for (const { reason } of dead) wrong.push(`a dead letter: ${reason}`)
  return { lost, twice, stuck, wrong, failed }
}

function createsOf({ jobs }: FakeCluster, name: string): number {
  return [...jobs.values()].filter(
    ({ ops: [op], statuses: [status] }) =>
      op?.opcode === 'OP_INSTANCE_CREATE' &&
      op.input['instance_name'] === name &&
      status === 'success',
  ).length
}

interface Compared {
  readonly server: {
    readonly power: string
    readonly vcpus: number
    readonly ram_mib: number
  }
  readonly mine: readonly {
    readonly nic_name: string
    readonly state: string
    readonly address: string | null
  }[]
  readonly instance: FakeInstance
}

function* differences({ server, mine, instance }: Compared): Iterable<string> {
  const power = instance.isRunning ? 'STARTED' : 'STOPPED'
  if (server.power !== power) yield `${server.power} in the store, and ${power}`
  if (server.vcpus !== instance.vcpus) yield `${server.vcpus} vcpus, and ${instance.vcpus}`
  if (server.ram_mib !== instance.ramMib) yield `${server.ram_mib} MiB, and ${instance.ramMib}`
  const ours = mine.map(({ nic_name: name, address }) => `${name}=${address ?? 'none'}`)
  const theirs = instance.nics.map(({ name, ip }) => `${name}=${ip ?? 'none'}`)
  if (ours.sort().join() !== theirs.sort().join()) yield `NICs ${ours}, and ${theirs}`
  const odd = mine.filter(({ state }) => state !== 'ACTIVE')
  if (odd.length > 0) yield `ports that are ${odd.map(({ state }) => state)}`
}

function doubleAddresses({ instances }: FakeCluster): readonly string[] {
  const all = [...instances.values()].flatMap(({ nics }) =>
    nics.flatMap(({ network, ip }) => (ip === null ? [] : [`${network} ${ip}`])),
  )
  return all
    .filter((address, index) => all.indexOf(address) !== index)
    .map((one) => `${one} is given twice`)
}

/** Of what is told by a reason of its own: a reinstall bears none (`central/effect/intent-token.ts`). */
function doubleJobs({ jobs }: FakeCluster): readonly string[] {
  const done = new Map<string, number>()
  for (const { reason, statuses } of jobs.values())
    if (reason?.startsWith('okeanid:') && statuses.every((status) => status === 'success'))
      count(done, reason)
  return [...done].flatMap(([reason, times]) =>
    times === 1 ? [] : [`${reason} was done ${times} times`],
  )
}

function count(into: Map<string, number>, key: string): void {
  into.set(key, (into.get(key) ?? 0) + 1)
}
