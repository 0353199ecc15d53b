import { digestOf, isSecret, randomSecret } from '#central/identity/random-id.js'
import type { Change } from '#central/store/store.js'
import type { ServerRoom } from './server-room.js'

/** How long an OS script has to fetch its parameters: jobs may wait that long for their turn. */
const lifetimeMs = 24 * 3_600_000

/** Keeps something that may be fetched once, sealed. @returns the secret in its address */
export async function putOneTime(
  tx: Change,
  { sealer, nowMs }: Pick<ServerRoom, 'sealer' | 'nowMs'>,
  {
    serverId,
    body,
  }: { readonly serverId: number; readonly body: Readonly<Record<string, string>> },
): Promise<string> {
  await tx.deleteFrom('one_time_parameters').where('expires_ms', '<=', nowMs()).execute()
  const secret = randomSecret()
  const row = {
    digest: digestOf(secret),
    server_id: serverId,
    body: sealer.seal(JSON.stringify(body)),
    expires_ms: nowMs() + lifetimeMs,
  }
  await tx.insertInto('one_time_parameters').values(row).execute()
  return secret
}

/** Takes what was kept, so that nobody can take it again; undefined when there is none, or its time is over. */
export async function takeOneTime(
  { store, sealer, nowMs }: Pick<ServerRoom, 'store' | 'sealer' | 'nowMs'>,
  secret: string,
): Promise<string | undefined> {
  if (!isSecret(secret)) return undefined
  const digest = digestOf(secret)
  // looked for first: a guess costs a look, not a change
  const isThere = await store.read
    .selectFrom('one_time_parameters')
    .select('digest')
    .where('digest', '=', digest)
    .executeTakeFirst()
  if (isThere === undefined) return undefined
  const taken = await store.write((tx) =>
    tx
      .deleteFrom('one_time_parameters')
      .where('digest', '=', digest)
      .returning(['body', 'expires_ms'])
      .executeTakeFirst(),
  )
  return taken !== undefined && taken.expires_ms > nowMs() ? sealer.open(taken.body) : undefined
}
