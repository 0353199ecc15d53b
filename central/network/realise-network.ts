import { openIntent } from '#central/effect/open-intent.js'
import { connectNetwork, createNetwork } from '#central/intent/requests.js'
import type { Change } from '#central/store/store.js'
import type { NetworkDeps } from './network-deps.js'
import { ganetiTags } from './network-flavor.js'
import { ganetiNameOf, type NetworkRow } from './networks.js'
import { subnetsOf } from './subnets.js'

/** Ganeti needs an IPv4 network, also where nobody gets an address of one. */
const dummySubnet = '10.0.0.0/29'

/** States of intents that may still have an effect. */
export const liveStatuses = ['pending', 'submitting', 'submitted'] as const

/**
 * Makes sure that a cluster has a network, or will have it: the first time it is created there and connected to every node group.
 * @returns intents whose jobs go before the job of whoever needs the network
 */
export async function realiseNetwork(
  tx: Change,
  deps: NetworkDeps,
  { network, backendId }: { readonly network: NetworkRow; readonly backendId: number },
): Promise<readonly number[]> {
  if (network.ganeti_name !== null) return [] // it was there before us, and is where it is
  const made = await tx
    .insertInto('backend_networks')
    .values({
      backend_id: backendId,
      network_id: network.id,
      state: 'PENDING',
      stamp: '',
      intent_id: null,
    })
    .onConflict((conflict) => conflict.columns(['backend_id', 'network_id']).doNothing())
    .returning('network_id')
    .executeTakeFirst()
  if (made === undefined) {
    const row = await lockRow(tx, deps, { networkId: network.id, backendId })
    if (row === 'ACTIVE') return []
    const live = await liveIntents(tx, { networkId: network.id, backendId })
    if (live.length > 0) return live
  }
  return await openAll(tx, deps, { network, backendId })
}

async function lockRow(
  tx: Change,
  { engine }: NetworkDeps,
  { networkId, backendId }: { readonly networkId: number; readonly backendId: number },
): Promise<string | undefined> {
  const query = tx
    .selectFrom('backend_networks')
    .select('state')
    .where('backend_id', '=', backendId)
    .where('network_id', '=', networkId)
  const row = await (engine === 'postgres' ? query.forUpdate() : query).executeTakeFirst()
  return row?.state
}

/** What is under way about a network at a cluster. */
export async function liveIntents(
  tx: Change,
  { networkId, backendId }: { readonly networkId: number; readonly backendId: number },
): Promise<readonly number[]> {
  const intents = await tx
    .selectFrom('intents')
    .select('id')
    .where('network_id', '=', networkId)
    .where('backend_id', '=', backendId)
    .where('status', 'in', liveStatuses)
    .where('kind', 'in', ['create-network', 'connect-network'])
    .orderBy('id')
    .execute()
  return intents.map(({ id }) => id)
}

async function openAll(
  tx: Change,
  deps: NetworkDeps,
  { network, backendId }: { readonly network: NetworkRow; readonly backendId: number },
): Promise<readonly number[]> {
  const name = ganetiNameOf(deps.names, network) ?? ''
  const about = { backendId, networkId: network.id }
  const request = createNetwork({
    name,
    macPrefix: `${network.mac_prefix}${backendId.toString(16)}`,
    ...(await subnetParameters(tx, network)),
  })
  const created = await openIntent(tx, deps, { ...about, kind: 'create-network', request })
  const opened: number[] = []
  for (const group of await nodeGroups(tx, backendId)) {
    const { mode, link } = network
    const connecting = connectNetwork(name, { group, mode, link })
    const after = [created]
    opened.push(
      await openIntent(tx, deps, { ...about, kind: 'connect-network', request: connecting, after }),
    )
  }
  await tx
    .updateTable('backend_networks')
    .set({ state: 'PENDING', intent_id: opened.at(-1) ?? created })
    .where('backend_id', '=', backendId)
    .where('network_id', '=', network.id)
    .execute()
  return [created, ...opened]
}

async function subnetParameters(tx: Change, network: NetworkRow) {
  const subnets = await subnetsOf(tx, network.id)
  const [subnet4, subnet6] = [4, 6].map((version) =>
    subnets.find(({ ip_version: own }) => own === version),
  )
  return {
    cidr: subnet4?.cidr ?? dummySubnet,
    ...(subnet4?.gateway_ip == null ? {} : { gateway: subnet4.gateway_ip }),
    ...(subnet6 === undefined ? {} : { cidr6: subnet6.cidr }),
    ...(subnet6?.gateway_ip == null ? {} : { gateway6: subnet6.gateway_ip }),
    tags: ganetiTags(network, { hasDhcp: subnets.some(({ is_dhcp: isDhcp }) => isDhcp === 1) }),
  }
}

/** Names of a cluster's node groups; `default` until they were asked for. */
export async function nodeGroups(tx: Change, backendId: number): Promise<readonly string[]> {
  const backend = await tx
    .selectFrom('backends')
    .select('node_groups')
    .where('id', '=', backendId)
    .executeTakeFirst()
  const groups = backend?.node_groups ?? ''
  const names = groups === '' ? [] : (JSON.parse(groups) as readonly string[])
  return names.length === 0 ? ['default'] : names
}
