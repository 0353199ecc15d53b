import type { CentralConfig } from '#central/config/central-config.js'
import type { Names } from '#central/names.js'
import type { Engine } from '#central/store/columns.js'
import type { Sealer } from '#central/store/seal.js'
import type { Store } from '#central/store/store.js'

/** What changes of networks need to know, beside their transaction. */
export interface NetworkDeps {
  readonly engine: Engine
  readonly names: Names
  readonly sealer: Sealer
  readonly nowMs: number
  readonly network: CentralConfig['network']
  readonly quota: CentralConfig['quota']
}

/** The same for one change, out of what a program has. */
export function networkDeps({
  store,
  names,
  sealer,
  config,
  nowMs,
}: {
  readonly store: Pick<Store, 'engine'>
  readonly names: Names
  readonly sealer: Sealer
  readonly config: Pick<CentralConfig, 'network' | 'quota'>
  readonly nowMs: () => number
}): NetworkDeps {
  const { network, quota } = config
  return { engine: store.engine, names, sealer, nowMs: nowMs(), network, quota }
}
