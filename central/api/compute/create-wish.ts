import type { Caller, Context } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import type { WantedPort } from '#central/network/ports.js'
import type { CreateWish } from '#central/server/create-server.js'
import { findFlavor, type ImageRow, visibleImages } from '#central/server/offers.js'
import { requireMetadataRoom, requirePersonality, requireUserData } from './body-limits.js'
import type { CreateBody, WantedNetwork } from './server-body.js'

/** What a body asks for. @throws Fault 400 for what there is not or may not be, 413 for too much of it */
export async function createWishOf(
  context: Context,
  {
    caller,
    body: { server },
    baseUrl,
  }: { readonly caller: Caller; readonly body: CreateBody; readonly baseUrl: string },
): Promise<Omit<CreateWish, 'name'>> {
  const { config, store } = context
  const metadata = server.metadata ?? {}
  const personality = server.personality ?? []
  // as Python's base64 breaks lines, which Ganeti would not take
  const userData = (server.user_data ?? '').replace(/\s+/g, '')
  requireMetadataRoom(config, metadata)
  requirePersonality(config, personality)
  requireUserData(config, userData)
  const flavorId = lastPart(String(server.flavorRef))
  const flavor = await findFlavor(store.read, flavorId)
  if (flavor === undefined || (flavor.is_public !== 1 && !caller.isAdmin)) {
    throw new Fault('badRequest', `Flavor ${flavorId} could not be found.`)
  }
  return {
    caller,
    flavor,
    image: await imageFor(context, { caller, reference: server.imageRef }),
    keyName: server.key_name ?? undefined,
    metadata,
    ports: portsOf(server.networks),
    adminPass: server.adminPass,
    userData,
    personality,
    baseUrl,
  }
}

/** Most servers of one request. */
const maxCount = 100

/** Names of the servers that a body asks for: `max_count` of them, numbered as Nova does, or none at all. @throws Fault 400 */
export function namesOf({ server }: CreateBody): readonly string[] {
  const name = server.name.trim()
  const least = Number(server.min_count ?? 1)
  const count = Number(server.max_count ?? least)
  const isCount = (value: number) => Number.isInteger(value) && value >= 1
  if (!isCount(least) || !isCount(count) || count < least || count > maxCount) {
    throw new Fault(
      'badRequest',
      `min_count and max_count want whole numbers from 1 to ${maxCount}`,
    )
  }
  if (count === 1) return [name]
  return Array.from({ length: count }, (_, index) => `${name}-${index + 1}`)
}

/** An image that the caller may use. @throws Fault 400 */
export async function imageFor(
  { store }: Pick<Context, 'store'>,
  { caller, reference }: { readonly caller: Caller; readonly reference: string },
): Promise<ImageRow> {
  const id = lastPart(reference)
  const image = await visibleImages(store.read, caller).where('id', '=', id).executeTakeFirst()
  if (image === undefined) throw new Fault('badRequest', `Image ${id} could not be found.`)
  return image
}

/** References may be addresses: the id is what comes last. */
export function lastPart(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1)
}

function portsOf(networks: CreateBody['server']['networks']): CreateWish['ports'] {
  if (networks === undefined || networks === 'auto') return undefined
  return networks === 'none' ? [] : networks.map(wantedPort)
}

function wantedPort({ uuid, port, fixed_ip: fixedIp }: WantedNetwork): WantedPort {
  if (port !== undefined && port !== null) return { portId: numberOf(port, 'port') }
  if (uuid === undefined) throw new Fault('badRequest', 'networks: each wants a uuid or a port')
  const networkId = numberOf(uuid, 'network')
  return fixedIp === undefined || fixedIp === null ? { networkId } : { networkId, fixedIp }
}

function numberOf(id: string | number, what: string): number {
  if (!/^[1-9]\d{0,14}$/.test(String(id))) {
    throw new Fault('badRequest', `there is no ${what} ${String(id).slice(0, 64)}`)
  }
  return Number(id)
}
