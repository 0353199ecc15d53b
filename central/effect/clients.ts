import type { Selectable } from 'kysely'
import { openRapiClient, type RapiClient } from '#central/rapi/rapi-client.js'
import type { Sealer } from '#central/store/seal.js'
import type { BackendTable } from '#central/store/tables/cluster.js'

/** A row of `backends`. */
export type BackendRow = Selectable<BackendTable>

/** The clients of all clusters, each opened when it is first needed, and again when how it is reached has changed. */
export interface Clients extends AsyncDisposable {
  of(backend: BackendRow): RapiClient
  close(): Promise<void>
}

/** What of the configuration decides how clusters are called. */
export interface ClientOptions {
  readonly sealer: Sealer
  readonly connectTimeoutMs?: number
  readonly timeoutMs?: number
  readonly connectionCount?: number
}

/** Clients for the clusters of a store. */
export function openClients({ sealer, ...timing }: ClientOptions): Clients {
  const opened = new Map<number, { readonly key: string; readonly client: RapiClient }>()

  async function close(): Promise<void> {
    const all = [...opened.values()]
    opened.clear()
    await Promise.all(all.map(({ client }) => client.close()))
  }
  return {
    of(backend) {
      const { rapi_urls: urls, rapi_user: user, rapi_password: sealed, rapi_ca: ca } = backend
      const key = JSON.stringify([urls, user, sealed, ca])
      const known = opened.get(backend.id)
      if (known?.key === key) return known.client
      // Calls of the former client come to their end; nothing else holds it open.
      const client = openRapiClient({
        ...timing,
        urls: JSON.parse(urls) as readonly string[],
        user,
        password: sealer.open(sealed),
        ca,
      })
      opened.set(backend.id, { key, client })
      return client
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
