import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { type CentralConfig, loadCentralConfig } from '#central/config/central-config.js'
import { createNames, type Names } from '#central/names.js'
import { ensurePools } from '#central/network/pools.js'
import { createSealer, type Sealer } from '#central/store/seal.js'
import { openStore, type Store } from '#central/store/store.js'
import { AgentError, systemCode } from '#errors.js'
import type { Setting } from '#service/given-sections.js'
import { type CentralOptions, configFile } from './command-options.js'
import { readSecretKey } from './secret-key.js'

/** What every command works with. */
export interface Room {
  readonly config: CentralConfig
  readonly settings: readonly Setting[]
  readonly files: readonly string[]
  readonly store: Store
  readonly names: Names
  readonly sealer: Sealer
  readonly nowMs: () => number
}

/** Opens configuration, key and store, which is brought to this version, for one command. */
export async function withRoom<T>(
  options: CentralOptions,
  run: (room: Room) => Promise<T>,
): Promise<T> {
  const location = configFile(options)
  const { config, settings, files } = await loadCentralConfig(location.file, location)
  const sealer = createSealer(await readSecretKey(config.store.secret_key_file))
  const url = await storeUrl(config)
  await using store = await openStore({ url, connectionCount: config.store.connections })
  await ensurePools(store, config)
  const names = createNames(config.ganeti.prefix)
  return await run({ config, settings, files, store, names, sealer, nowMs: Date.now })
}

/** Where the store is; the folder of a file is made. */
async function storeUrl({ store }: CentralConfig): Promise<string> {
  const url = store.url_file === '' ? store.url : await readUrl(store.url_file)
  if (url.startsWith('sqlite:/')) {
    const folder = path.dirname(url.slice('sqlite:'.length))
    try {
      await mkdir(folder, { recursive: true, mode: 0o750 })
    } catch (cause) {
      const why = systemCode(cause) ?? String(cause)
      throw new AgentError('STORE_UNUSABLE', `${folder}: cannot be made (${why})`, { cause })
    }
  }
  return url
}

async function readUrl(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (cause) {
    const why = systemCode(cause) ?? String(cause)
    throw new AgentError('CONFIG_INVALID', `[store] url_file ${file}: cannot be read (${why})`, {
      cause,
    })
  }
}
