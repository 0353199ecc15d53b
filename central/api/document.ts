import { defaultCentralConfig } from '#central/config/central-config.js'
import { openEventFeed } from '#central/events/event-feed.js'
import { createNames } from '#central/names.js'
import { createSealer } from '#central/store/seal.js'
import { openStore } from '#central/store/store.js'
import { createMetrics } from '#service/metrics.js'
import { buildApp } from './app.js'

/** The OpenAPI document of this version, as text to be kept in a file: the same on every machine. */
export async function openApiText(): Promise<string> {
  await using store = await openStore({ url: 'sqlite::memory:' })
  await using events = openEventFeed({ store })
  const app = await buildApp({
    store,
    names: createNames('snf-'),
    sealer: createSealer(''),
    config: defaultCentralConfig(),
    log: () => {},
    metrics: createMetrics(),
    nowMs: () => 0,
    wakeEffects: () => {},
    wakeEvents: () => {},
    events,
  })
  try {
    return `${JSON.stringify(sorted(app.swagger()), undefined, 1)}\n`
  } finally {
    await app.close()
  }
}

/** With the members of objects by name: a route that moves in the code changes nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, member]) => [key, sorted(member)]))
}
