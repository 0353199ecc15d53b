import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { buildApp } from '#central/api/app.js'
import type { Context } from '#central/api/context.js'
import { type CentralConfig, defaultCentralConfig } from '#central/config/central-config.js'
import { openEventFeed } from '#central/events/event-feed.js'
import { issueToken } from '#central/identity/tokens.js'
import { assignRole, createProject, createUser, type Role } from '#central/identity/users.js'
import { createNames } from '#central/names.js'
import { createSealer } from '#central/store/seal.js'
import { openStore, type Store } from '#central/store/store.js'
import { createMetrics } from '#service/metrics.js'

/** An API over a store, with what its parts told each other. */
export interface CentralApp {
  readonly app: FastifyInstance
  readonly context: Context
  readonly store: Store
  /** What was logged, one line each. */
  readonly logged: string[]
  /** How often those who do effects were woken. */
  readonly wakes: () => number
  /** Sets the clock, which stands still else. */
  readonly setNow: (nowMs: number) => void
  /** A token of a new user in a new project. */
  readonly enter: (name: string, role?: Role) => Promise<Entered>
}

/** Somebody who came in. */
export interface Entered {
  readonly token: string
  readonly userId: string
  readonly projectId: string
}

/** When everything in these tests happens. */
export const startMs = 1_796_068_800_000

/** Opens an API on a store of its own, in memory unless one is given. */
export async function openCentralApp(
  t: Test,
  {
    store: given,
    server = {},
    changes = {},
  }: {
    readonly store?: Store
    readonly server?: Partial<CentralConfig['server']>
    readonly changes?: Partial<Context>
  } = {},
): Promise<CentralApp> {
  const store = given ?? (await openStore({ url: 'sqlite::memory:' }))
  const logged: string[] = []
  let nowMs = startMs
  let wakeCount = 0
  const defaults = defaultCentralConfig()
  const public_url = 'http://cloud.example.org'
  const events = openEventFeed({ store })
  const context: Context = {
    store,
    names: createNames('snf-'),
    sealer: createSealer('test'),
    config: { ...defaults, server: { ...defaults.server, public_url, ...server } },
    log: (level, event, fields) => {
      logged.push(`${level} ${event} ${JSON.stringify(fields ?? {})}`)
    },
    metrics: createMetrics(),
    nowMs: () => nowMs,
    wakeEffects: () => {
      wakeCount += 1
    },
    wakeEvents: events.wake,
    events,
    ...changes,
  }
  const app = await buildApp(context)
  t.teardown(async () => {
    await app.close()
    await events.close()
    if (given === undefined) await store.close()
  })
  return {
    app,
    context,
    store,
    logged,
    wakes: () => wakeCount,
    setNow: (ms) => {
      nowMs = ms
    },
    enter: (name, role = 'member') => enter({ store, name, role, nowMs }),
  }
}

async function enter({
  store,
  name,
  role,
  nowMs,
}: {
  readonly store: Store
  readonly name: string
  readonly role: Role
  readonly nowMs: number
}): Promise<Entered> {
  return await store.write(async (tx) => {
    const projectId = await createProject(tx, { name: `${name}-project`, nowMs })
    const passwordHash = 'none'
    const user = { name, passwordHash, defaultProjectId: projectId, nowMs }
    const userId = await createUser(tx, user)
    await assignRole(tx, { userId, projectId, role })
    const expiresMs = nowMs + 3_600_000
    const { token } = await issueToken(tx, { userId, projectId, nowMs, expiresMs })
    return { token, userId, projectId }
  })
}
