import { once } from 'node:events'
import { copyFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { createServer } from 'node:tls'
import t from 'tap'
import { brokerSettings } from '#broker/configured.js'
import type { BrokerTls } from '#broker/settings.js'
import { loadConfig } from '#service/config.js'
import { labUnavailable } from '../lab/command.js'
import { makeAuthority } from '../support/certificates.js'
import { startRabbitmq } from '../support/rabbitmq.js'
import { message, never, settingsFor, taken, urlWith, watched } from './helpers.js'

t.test('a publisher and a RabbitMQ with TLS', { skip: labUnavailable() ?? false }, async (t) => {
  const folder = t.testdir()
  const authority = makeAuthority(path.join(folder, 'authority'))
  const other = makeAuthority(path.join(folder, 'other'))
  const server = authority.sign('localhost')
  const client = authority.sign('okeanid')
  const stranger = other.sign('okeanid')
  const tlsFolder = path.join(folder, 'server')
  mkdirSync(tlsFolder)
  copyFileSync(authority.caFile, path.join(tlsFolder, 'ca.pem'))
  copyFileSync(server.certFile, path.join(tlsFolder, 'cert.pem'))
  copyFileSync(server.keyFile, path.join(tlsFolder, 'key.pem'))
  const rabbitmq = await startRabbitmq({ tlsFolder })
  t.teardown(() => rabbitmq.close())
  const { tlsUrl } = rabbitmq
  const ours = { ca: authority.ca, cert: client.cert, key: client.key }

  t.test('with its authority and our certificate: it is sent', async (t) => {
    const { publisher } = watched(t, { settings: settingsFor(tlsUrl, { tls: ours }) })
    t.strictSame(await publisher.send(message(1), never), taken)
  })

  const faults: readonly { name: string; url?: string; tls?: BrokerTls; says: RegExp }[] = [
    {
      name: 'no ca_file',
      tls: { cert: client.cert, key: client.key },
      says: /TLS: .*an authority that we do not know.*set \[broker\] ca_file/,
    },
    {
      name: 'another authority',
      tls: { ...ours, ca: other.ca },
      says: /TLS: .*an authority that we do not know.*set \[broker\] ca_file/,
    },
    {
      name: 'another name',
      url: tlsUrl.replace('localhost', '127.0.0.1'),
      says: /TLS: .*for another name \(IP: 127\.0\.0\.1 is not in .*\[broker\] url/,
    },
    {
      name: 'no certificate of ours',
      tls: { ca: authority.ca },
      says: /TLS: .*wants a certificate of ours.*set \[broker\] cert_file and key_file/,
    },
    {
      name: 'a certificate of ours that it does not trust',
      tls: { ...ours, cert: stranger.cert, key: stranger.key },
      says: /TLS: .*wants a certificate of ours that it trusts/,
    },
    {
      name: 'TLS on the other port',
      url: rabbitmq.url.replace('amqp:', 'amqps:'),
      says: /no TLS there|the connection was cut/,
    },
  ]
  for (const { name, url = tlsUrl, tls = ours, says } of faults) {
    t.test(`${name}: told with the cure`, async (t) => {
      const { kind } = watched(t, { settings: settingsFor(url, { tls }) })
      t.match((await kind('waiting')).lastProblem, says)
    })
  }

  t.test('a certificate that has expired: told with the cure', async (t) => {
    const { cert, key } = authority.sign('localhost', -1)
    const listener = createServer({ cert, key }, () => undefined).on(
      'tlsClientError',
      () => undefined,
    )
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    t.teardown(() => listener.close())
    const { port } = listener.address() as AddressInfo
    const url = `amqps://u:p@localhost:${port}/`
    const { kind } = watched(t, { settings: settingsFor(url, { tls: ours }) })
    t.match((await kind('waiting')).lastProblem, /TLS: .*has expired: renew it/)
  })

  t.test('files are read again before each attempt: a new password needs no restart', async (t) => {
    const passwordFile = path.join(folder, 'password')
    const configFile = path.join(folder, 'okeanid.ini')
    const url = urlWith(tlsUrl, { username: 'late', password: '' })
    const keys = {
      url,
      password_file: passwordFile,
      ca_file: authority.caFile,
      cert_file: client.certFile,
      key_file: client.keyFile,
    }
    const lines = Object.entries(keys).map(([key, value]) => `${key} = ${value}\n`)
    writeFileSync(configFile, `[broker]\n${lines.join('')}`)
    writeFileSync(passwordFile, 'wrong\n')
    await rabbitmq.ctl(['add_user', 'late', 'right'])
    await rabbitmq.ctl(['set_permissions', 'late', '.*', '.*', '.*'])
    const { config } = await loadConfig(configFile, { isRequired: true })
    const settings = await brokerSettings(config.broker)
    const { publisher, kind, state } = watched(t, {
      settings: { ...settings, backoff: { firstMs: 50, maxMs: 100 } },
    })
    const sent = publisher.send(message(1), never)
    t.match((await kind('waiting')).lastProblem, /user late is not let in/)
    renameSync(passwordFile, `${passwordFile}.gone`)
    await state(({ lastProblem }) => /password: cannot be read \(ENOENT\)/.test(lastProblem ?? ''))
    writeFileSync(passwordFile, 'right\n')
    t.strictSame(await sent, taken)
  })
})
