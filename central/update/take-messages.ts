import { networkDeps } from '#central/network/network-deps.js'
import type { Change } from '#central/store/store.js'
import { writeDeadLetters } from './dead-letters.js'
import type { Incoming } from './incoming.js'
import { type Concerning, sortMessages } from './sort-messages.js'
import { takeNetworks } from './take-networks.js'
import { takeServers } from './take-servers.js'
import type { UpdateDeps } from './update-deps.js'

/** What became of the messages of a batch: how many had which fate. */
export interface Taken {
  readonly applied: number
  /** Taken before. */
  readonly repeated: number
  /** Tell nothing that we keep. */
  readonly other: number
  /** About nothing of ours. */
  readonly foreign: number
  /** Not sent by the user of the cluster that they speak of. */
  readonly refused: number
  readonly dead: number
  /** Clusters whose parameters, or whose master, have changed. */
  readonly changedClusters: readonly number[]
  /** Addresses that Ganeti gave and we had promised to others. */
  readonly conflicts: readonly string[]
}

/**
 * Takes a batch of messages in one transaction: what they make of rows, the events that tell it, and that they were seen. So a
 * message that comes again after its commit changes nothing, and one that came before a crash was not taken at all.
 *
 * The number of statements depends on what the messages are about, not on how many there are.
 */
export async function takeMessages(
  tx: Change,
  deps: UpdateDeps,
  messages: readonly Incoming[],
): Promise<Taken> {
  const { store, names } = deps
  const nowMs = deps.nowMs()
  const sorted = await sortMessages(tx, { store, networkIdOf: names.networkIdOf, messages })
  const { dead, counts } = sorted
  const concerning = [
    ...sorted.ofServers,
    ...sorted.ofNetworks,
    ...sorted.ofJobs,
    ...sorted.ofClusters,
  ]
  const isNew = await noteSeen(tx, { concerning, nowMs })
  const network = networkDeps(deps)
  const { conflicts } = await takeServers(tx, {
    ...{ deps, network, nowMs },
    ofServers: sorted.ofServers.filter(isNew),
    ofJobs: sorted.ofJobs.filter(isNew),
  })
  await takeNetworks(tx, { deps, network, nowMs, ofNetworks: sorted.ofNetworks.filter(isNew) })
  await writeDeadLetters(tx, { dead, nowMs })
  const concerned = new Set(concerning.map(({ message }) => message))
  const applied = [...concerned].filter((message) => isNew({ message })).length
  const repeated = concerned.size - applied
  const changedClusters = [
    ...new Set(sorted.ofClusters.filter(isNew).map(({ backend }) => backend.id)),
  ]
  return { ...counts, applied, repeated, dead: dead.length, changedClusters, conflicts }
}

/** Notes that these were seen. @returns whether a message of them had not been before, nor comes earlier among them */
async function noteSeen(
  tx: Change,
  { concerning, nowMs }: { readonly concerning: readonly Concerning[]; readonly nowMs: number },
): Promise<(one: { readonly message: Incoming }) => boolean> {
  // By cluster, so that no cluster's sender can use up the ids of another's.
  const first = new Map<string, Incoming>()
  for (const { message, backend } of concerning) {
    const key = `${backend.id}/${message.messageId}`
    if (!first.has(key)) first.set(key, message)
  }
  if (first.size === 0) return () => false
  const rows = await tx
    .insertInto('seen_messages')
    .values([...first.keys()].map((id) => ({ message_id: id, seen_ms: nowMs })))
    .onConflict((conflict) => conflict.column('message_id').doNothing())
    .returning('message_id')
    .execute()
  const fresh = new Set(rows.map(({ message_id }) => first.get(message_id)))
  return ({ message }) => fresh.has(message)
}
