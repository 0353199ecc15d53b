import { AgentError } from '#errors.js'
import type { Outbox } from '#outbox/outbox.js'
import { quarantineName } from '#outbox/quarantine.js'
import { type Retried, retryQuarantined } from '#outbox/retry.js'
import type { Log } from '#service/log.js'
import type { StatusRoute } from '#service/status-socket.js'

/** What came of a request. */
export type OutboxAnswer =
  | Retried
  | { readonly discardedCount: number }
  | { readonly problem: string }

/** Numbers of messages that one request may name. */
export const maxIdsPerRequest = 500

/** What `okeanid outbox retry` and `purge` ask of the role that has the outbox open, for there is one writer. */
export function outboxRoutes({
  outbox,
  dir,
  log,
}: {
  readonly outbox: Outbox
  readonly dir: string
  readonly log: Log
}): Readonly<Record<string, StatusRoute>> {
  const contentType = 'application/json'
  const answer = async (work: () => Promise<OutboxAnswer>): Promise<string> => {
    try {
      return JSON.stringify(await work())
    } catch (error) {
      // Whoever asked is told; what he asked for can be asked again.
      return JSON.stringify({ problem: error instanceof Error ? error.message : String(error) })
    }
  }
  return {
    '/outbox/retry': {
      contentType,
      act: (query) =>
        answer(async () => {
          const names = query.has('all') ? undefined : query.getAll('id').map(nameOf)
          const retried = await retryQuarantined(outbox, dir, names)
          log('info', 'outbox-retried', { count: retried.retriedCount, problem: retried.problem })
          return retried
        }),
    },
    '/outbox/discard': {
      contentType,
      act: () =>
        answer(async () => {
          const discardedCount = await outbox.discard()
          log('warning', 'outbox-discarded', { count: discardedCount })
          return { discardedCount }
        }),
    },
  }
}

/** The file of a message in the quarantine, by its number. @throws AgentError INPUT_UNREADABLE when it is no number */
export function nameOf(id: string): string {
  if (/^\d{1,15}$/.test(id)) return quarantineName(Number(id))
  throw new AgentError(
    'INPUT_UNREADABLE',
    `${id}: is no number of a message; okeanid outbox list prints them (damaged pieces cannot be sent)`,
  )
}
