import { digestOf, isSecret, randomSecret } from '#central/identity/random-id.js'
import type { Change } from '#central/store/store.js'
import type { ServerRoom, ServerRow } from './server-room.js'

/** How long the address of a console waits to be opened. */
const lifetimeMs = 10 * 60_000

/** Allows one look at a server's screen. @returns the secret in its address */
export async function allowConsole(
  tx: Change,
  { nowMs }: Pick<ServerRoom, 'nowMs'>,
  serverId: number,
): Promise<string> {
  await tx.deleteFrom('consoles').where('expires_ms', '<=', nowMs()).execute()
  const secret = randomSecret()
  const row = { digest: digestOf(secret), server_id: serverId, expires_ms: nowMs() + lifetimeMs }
  await tx.insertInto('consoles').values(row).execute()
  return secret
}

/** The server whose screen a secret shows; once. */
export async function takeConsole(
  { store, nowMs }: Pick<ServerRoom, 'store' | 'nowMs'>,
  secret: string,
): Promise<Pick<ServerRow, 'id' | 'backend_id' | 'instance_name'> | undefined> {
  if (!isSecret(secret)) return undefined
  const digest = digestOf(secret)
  const isThere = await store.read
    .selectFrom('consoles')
    .select('digest')
    .where('digest', '=', digest)
    .executeTakeFirst()
  if (isThere === undefined) return undefined
  return await store.write(async (tx) => {
    const taken = await tx
      .deleteFrom('consoles')
      .where('digest', '=', digest)
      .returning(['server_id', 'expires_ms'])
      .executeTakeFirst()
    if (taken === undefined || taken.expires_ms <= nowMs()) return undefined
    return await tx
      .selectFrom('servers')
      .select(['id', 'backend_id', 'instance_name'])
      .where('id', '=', taken.server_id)
      .where('deleted_ms', 'is', null)
      .executeTakeFirst()
  })
}
