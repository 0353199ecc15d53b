import { sql } from 'kysely'
import { Fault } from './fault.js'
import { answers, type Routes } from './routes.js'

/** `GET /healthz` and `GET /metrics`. */
export const healthRoutes: Routes = (app, { store, metrics }) => {
  const config = { access: 'anyone' } as const
  app.get(
    '/healthz',
    {
      config,
      schema: {
        tags: ['operation'],
        summary: 'Whether the store answers',
        ...answers(200, 'it does; 503 when it does not'),
      },
    },
    async () => {
      try {
        await sql`SELECT 1`.execute(store.read)
      } catch {
        throw new Fault('serviceUnavailable', 'the store does not answer')
      }
      return { status: 'ok' }
    },
  )
  app.get(
    '/metrics',
    {
      config,
      schema: {
        tags: ['operation'],
        summary: "Figures in Prometheus' text format",
        ...answers(200, 'text/plain; version=0.0.4'),
      },
    },
    async (_request, reply) =>
      reply.type('text/plain; version=0.0.4; charset=utf-8').send(metrics.format()),
  )
}
