import type { Row } from '#central/store/schema.js'
import type { Store } from '#central/store/store.js'

/** A row of `events`. */
export type EventRow = Row<'events'>

/** Who wants which events. */
export interface Follower {
  /** Of this project; undefined: of all, and those for admins only. */
  readonly projectId: string | undefined
  /** Number of the last event that is known already; undefined: only those from now on. */
  readonly after: number | undefined
  readonly signal: AbortSignal
}

/** Hands out events in the order of their numbers. */
export interface EventFeed extends AsyncDisposable {
  /** Says that events were committed in this process. */
  wake(): void
  /** Events as they come, some at a time, until the signal aborts. Whoever is slow is handed them from the store later. */
  follow(follower: Follower): AsyncGenerator<readonly EventRow[], void>
  /** How many follow. */
  count(): number
  close(): Promise<void>
}

/** Most events that are handed out at once, or kept in memory. */
const pageCount = 500

/** What others commit to the same store, another program of ours, is looked for so often. */
const pollMs = 1000

/**
 * Follows the events of a store. However many follow, the newest are read once and kept: only who is behind those reads for
 * himself, at his own pace. Nobody who follows: nothing is read.
 */
export function openEventFeed({ store }: { readonly store: Store }): EventFeed {
  /** All events after `floor` up to `cursor`. */
  let kept: readonly EventRow[] = []
  let floor = 0
  let cursor = 0
  let isOpen = true
  let count = 0
  let reading: Promise<void> | undefined
  let isStale = false
  let poll: NodeJS.Timeout | undefined
  let waiting = new Set<() => void>()

  async function begin(): Promise<void> {
    count += 1
    if (count > 1) {
      // Somebody else's beginning may still be under way.
      await reading
      return
    }
    poll = setInterval(wake, pollMs)
    reading = newest(store).then((id) => {
      kept = []
      floor = id
      cursor = id
      reading = undefined
    })
    await reading
  }

  function end(): void {
    count -= 1
    if (count === 0) clearInterval(poll)
  }

  function wake(): void {
    if (count === 0 || !isOpen) return
    isStale = true
    reading ??= read().finally(() => {
      reading = undefined
    })
  }

  async function read(): Promise<void> {
    while (isStale && isOpen) {
      isStale = false
      const rows = await eventsAfter(store, { after: cursor, projectId: undefined }).catch(() => [])
      if (rows.length === 0) continue
      isStale ||= rows.length === pageCount
      cursor = rows.at(-1)?.id ?? cursor
      const all = [...kept, ...rows]
      const surplus = Math.max(0, all.length - pageCount)
      floor = all[surplus - 1]?.id ?? floor
      kept = all.slice(surplus)
      tell()
    }
  }

  function tell(): void {
    const told = waiting
    waiting = new Set()
    for (const resume of told) resume()
  }

  /** Resolves when there is something after that, or the signal aborts. */
  async function after(id: number, signal: AbortSignal): Promise<void> {
    if (cursor > id || !isOpen || signal.aborted) return
    await new Promise<void>((resolve) => {
      const resume = () => {
        signal.removeEventListener('abort', resume)
        waiting.delete(resume)
        resolve()
      }
      waiting.add(resume)
      signal.addEventListener('abort', resume, { once: true })
    })
  }

  async function* follow({ projectId, after: known, signal }: Follower) {
    await begin()
    try {
      let seen = known ?? cursor
      while (isOpen && !signal.aborted) {
        if (seen >= floor) {
          const rows = kept.filter(
            ({ id, project_id: own }) =>
              id > seen && (projectId === undefined || own === projectId),
          )
          seen = Math.max(seen, cursor)
          if (rows.length > 0) yield rows
          await after(seen, signal)
        } else {
          const upTo = cursor
          const rows = await eventsAfter(store, { after: seen, projectId })
          const isAll = rows.length < pageCount
          seen = Math.max(rows.at(-1)?.id ?? seen, isAll ? upTo : seen)
          if (rows.length > 0) yield rows
        }
      }
    } finally {
      end()
    }
  }

  async function close(): Promise<void> {
    isOpen = false
    clearInterval(poll)
    tell()
    await reading
  }

  return { wake, follow, count: () => count, close, [Symbol.asyncDispose]: close }
}

/** Number of the first event that is still there; 0 when there is none. */
export async function oldestEvent(store: Store): Promise<number> {
  const row = await store.read
    .selectFrom('events')
    .select((one) => one.fn.min('id').as('id'))
    .executeTakeFirst()
  return row?.id ?? 0
}

async function newest(store: Store): Promise<number> {
  const row = await store.read
    .selectFrom('events')
    .select((one) => one.fn.max('id').as('id'))
    .executeTakeFirst()
  return row?.id ?? 0
}

async function eventsAfter(
  store: Store,
  { after, projectId }: { readonly after: number; readonly projectId: string | undefined },
): Promise<readonly EventRow[]> {
  const query = store.read.selectFrom('events').selectAll().where('id', '>', after)
  const own = projectId === undefined ? query : query.where('project_id', '=', projectId)
  return await own.orderBy('id').limit(pageCount).execute()
}
