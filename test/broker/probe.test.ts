import t from 'tap'
import { probeBroker } from '#broker/probe.js'
import { labUnavailable } from '../lab/command.js'
import { startRabbitmq } from '../support/rabbitmq.js'
import { settingsFor, urlWith } from './helpers.js'

t.test(
  'trying a real RabbitMQ, as okeanid doctor does',
  { skip: labUnavailable() ?? false },
  async (t) => {
    const rabbitmq = await startRabbitmq()
    t.teardown(() => rabbitmq.close())
    const { url } = rabbitmq
    await rabbitmq.ctl(['add_user', 'poor', 'secret'])
    await rabbitmq.ctl(['set_permissions', '-p', '/', 'poor', '^$', '^$', '^$'])
    const probe = (...urls: readonly string[]) =>
      probeBroker(settingsFor('', { urls, exchange: 'probed' }), { timeoutMs: 20_000 })
    const away = 'amqp://okeanid:x@127.0.0.1:1/'
    const poor = urlWith(urlWith(url, { username: 'poor' }), { password: 'secret' })
    for (const { name, urls, says } of [
      {
        name: 'who may not make the exchange',
        urls: [poor],
        says: /user poor may not configure exchange 'probed'.*set_permissions/,
      },
      { name: 'who is let in', urls: [url], says: undefined },
      { name: 'the second broker lets us in', urls: [away, url], says: undefined },
      {
        name: 'a wrong password',
        urls: [urlWith(url, { password: 'x' })],
        says: /user okeanid is not let in: check user and password/,
      },
      {
        name: 'no such virtual host',
        urls: [urlWith(url, { pathname: '/none' })],
        says: /virtual host 'none' does not exist.*add_vhost/,
      },
      { name: 'nobody there', urls: [away], says: /connection refused/ },
    ])
      t.test(name, async (t) => {
        const problem = await probe(...urls)
        if (says === undefined) t.equal(problem, undefined)
        else t.match(problem, says)
      })
  },
)
