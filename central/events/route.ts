import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { requireCaller } from '#central/api/caller.js'
import { Fault } from '#central/api/fault.js'
import { answers, type Routes } from '#central/api/routes.js'
import { type EventRow, oldestEvent } from './event-feed.js'

/** A line that says nothing, so that proxies and clients know that the connection lives. */
const heartbeatMs = 15_000

/** Who does not read for so long is gone. */
const stuckMs = 60_000

/** Whether a token is still good is asked once, so it is for so long at most; the client begins again where it was. */
const longestMs = 3_600_000

/** `GET /events`: what changes in the caller's project, as server-sent events (HTML standard, 9.2); admins see every project. */
export const eventRoutes: Routes = (app, context) => {
  const { events, store, config, nowMs } = context
  const ending = new AbortController()
  app.addHook('preClose', async () => ending.abort())
  context.metrics.gauge('central_event_followers', 'Clients that follow events', events.count)
  app.get(
    '/events',
    {
      schema: {
        tags: ['events'],
        summary: 'What changes, as it changes, as server-sent events',
        headers: {
          type: 'object',
          properties: {
            'last-event-id': { type: 'string', description: 'Go on after this event' },
          },
        },
        ...answers(200, 'text/event-stream'),
      },
    },
    async (request, reply) => {
      const { projectId, isAdmin } = requireCaller(request)
      const after = lastEventId(request)
      if (events.count() >= config.events.clients) {
        throw new Fault('serviceUnavailable', 'too many clients follow events: try again later', {
          'Retry-After': '10',
        })
      }
      const { response, signal } = beginStream(reply, [
        ending.signal,
        AbortSignal.timeout(goodForMs(request)),
      ])
      if (after !== undefined && after + 1 < (await oldestEvent(store))) {
        response.write(
          'event: reset\ndata: {"reason":"events after Last-Event-ID were forgotten"}\n\n',
        )
      }
      const followed = { projectId: isAdmin ? undefined : projectId, after, signal }
      for await (const rows of events.follow(followed)) {
        if (!response.write(rows.map(formatEvent).join(''))) await drained(response, signal)
      }
      response.end()
    },
  )

  function goodForMs({ authenticated }: FastifyRequest): number {
    const leftMs = (authenticated?.expiresMs ?? 0) - nowMs()
    return Math.min(longestMs, Math.max(0, leftMs))
  }

  function beginStream(
    reply: FastifyReply,
    ends: readonly AbortSignal[],
  ): { readonly response: ServerResponse; readonly signal: AbortSignal } {
    const { raw: response } = reply
    const gone = new AbortController()
    const signal = AbortSignal.any([gone.signal, ...ends])
    const head = reply.getHeaders() as Record<string, string>
    reply.hijack()
    response.writeHead(200, {
      ...head,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // nginx would keep it back
      'x-accel-buffering': 'no',
    })
    response.write(`retry: 2000\n: ${new Date(nowMs()).toISOString()}\n\n`)
    const heartbeat = setInterval(() => response.write(': alive\n\n'), heartbeatMs)
    response.once('close', () => {
      clearInterval(heartbeat)
      gone.abort()
    })
    return { response, signal }
  }
}

/** One event as the stream shows it. */
export function formatEvent({ id, kind, body }: EventRow): string {
  return `id: ${id}\nevent: ${kind}\ndata: ${body}\n\n`
}

function lastEventId({ headers }: FastifyRequest): number | undefined {
  const given = headers['last-event-id']
  if (given === undefined || given === '') return undefined
  if (typeof given === 'string' && /^\d{1,15}$/.test(given)) return Number(given)
  throw new Fault('badRequest', 'Last-Event-ID is none of ours')
}

/** Until the client has read what was written; one that does not for long is cut off. */
async function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(stuckMs)])
  try {
    await once(response, 'drain', { signal: limit })
  } catch {
    if (!signal.aborted) response.destroy()
  }
}
