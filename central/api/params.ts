import { takeOneTime } from '#central/server/one-time.js'
import { Fault } from './fault.js'
import { answers, type Routes } from './routes.js'

/** `GET /params/{secret}`: what an OS script is to know, once. */
export const paramsRoutes: Routes = (app, context) => {
  app.get<{ Params: { secret: string } }>(
    '/params/:secret',
    {
      config: { access: 'anyone' },
      // a HEAD would take what the GET after it is for
      exposeHeadRoute: false,
      schema: {
        tags: ['guests'],
        summary: "What an OS script is to know of its server: snf-image's parameters",
        ...answers(200, 'a JSON object, once; 404 ever after'),
      },
    },
    async ({ params: { secret } }, reply) => {
      const body = await takeOneTime(context, secret)
      if (body === undefined) throw new Fault('itemNotFound', 'there is nothing, or it was taken')
      return await reply
        .header('Cache-Control', 'no-store')
        .type('application/json; charset=utf-8')
        .send(body)
    },
  )
}
