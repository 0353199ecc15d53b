import fc from 'fast-check'
import t from 'tap'
import { compileNicConfig, defaultNicConfig, nicConfigOf, parseNicConfig } from '#nic/nic-config.js'
import { parseConfig } from '#service/config.js'

const ini = `
[agent]
state_directory = /srv/okeanid
[broker]
url = amqp://user:secret@mq/
[responder]
networks = net-a, net-b
[nic]
ipv6 = strict
private_uplink = eth1
[dhcp]
lease = 2h
option_224 = hex:0a0b
[dhcpv6]
mode = stateful
[queueing]
dhcp_queue = 7
when_down = drop
[network net-public]
ipv6 = learn
lease = 3h
dhcpv6 = off
[firewall web]
inbound = tcp/80
`

const settingsOf = (text: string) => parseConfig([{ file: 'a.ini', text }]).settings

const compiled = compileNicConfig(settingsOf(ini))

t.test('what nic up reads says the same as the configuration', async (t) => {
  const { config } = parseConfig([{ file: 'a.ini', text: ini }])
  const parsed = parseNicConfig(compiled)
  t.ok(parsed.ok && parsed.value.problems.length === 0)
  if (!parsed.ok) return
  t.strictSame(parsed.value.config, config.nics)
  t.strictSame(parsed.value.config.serving, config.serving)
  const { setup, networks, serving, profiles } = parsed.value.config
  t.match(setup, { ipv6Policy: 'strict', privateUplink: 'eth1', stance: 'enforce' })
  t.match(networks.get('net-public'), { ipv6Policy: 'learn' })
  t.match(serving.networks.get('net-public'), { leaseSeconds: 10_800, dhcpv6: 'off' })
  t.match(serving.settings, { leaseSeconds: 7200, dhcpv6: 'stateful', whenDown: 'drop' })
  t.strictSame(serving.servedNetworks, new Set(['net-a', 'net-b']))
  t.ok(profiles.named.some(({ name }) => name === 'web'))
})

t.test('it holds nothing else: no secrets, no defaults, no other sections', async (t) => {
  const { sections } = JSON.parse(compiled) as { sections: Record<string, unknown> }
  t.strictSame(Object.keys(sections).sort(), [
    'dhcp',
    'dhcpv6',
    'firewall web',
    'network net-public',
    'nic',
    'queueing',
    'responder',
  ])
  t.notMatch(compiled, 'secret')
  t.notMatch(compiled, '/srv/okeanid')
  t.strictSame(JSON.parse(compileNicConfig(settingsOf(''))).sections, {})
})

t.test('without configuration the defaults hold', async (t) => {
  t.strictSame(defaultNicConfig(), nicConfigOf(settingsOf('')))
  const { setup, serving, profiles } = defaultNicConfig()
  t.match(setup, {
    stance: 'enforce',
    ipv4Policy: 'auto',
    ipv6Policy: 'auto',
    macFilter: 'auto',
    macMask: 'auto',
    gatewayMac: 'cc:47:52:4e:45:54',
    proxyOn: 'auto',
    privateUplink: 'none',
    ownPrefix: 'none',
    etherTypes: [],
    hostServices: [],
  })
  t.strictSame(serving.servedNetworks, new Set())
  t.equal(profiles.standard, 'unprotected')
})

t.test('its fingerprint changes with what is said, and with nothing else', async (t) => {
  const of = (text: string) => nicConfigOf(settingsOf(text)).fingerprint
  t.match(of(ini), /^[0-9a-f]{16}$/)
  t.equal(of('[nic]\nipv6 = strict\nipv4 = none'), of('[nic]\nipv4=none\nipv6=strict\n'))
  t.equal(of('[agent]\nlog_level = debug'), of(''))
  t.not(of('[nic]\nipv6 = strict'), of(''))
  t.not(of('[nic]\nipv6 = strict'), of('[network a]\nipv6 = strict'))
})

t.test('a key that is not understood is told and left out: no guest waits for it', async (t) => {
  const sections = {
    nic: { ipv6: 'sometimes', ipv4: 'none' },
    dhcp: { lease: 'long' },
    'network a': { novelty: '1', ipv6: 'none' },
    'firewall web': { inbound: 'everything' },
  }
  const parsed = parseNicConfig(JSON.stringify({ version: 1, sections }))
  t.ok(parsed.ok)
  if (!parsed.ok) return
  const { config, problems } = parsed.value
  t.match(config.setup, { ipv6Policy: 'auto', ipv4Policy: 'none' })
  t.match(config.networks.get('a'), { ipv6Policy: 'none' })
  for (const key of [
    '[nic] ipv6',
    '[dhcp] lease',
    '[network a] novelty',
    '[firewall web] inbound',
  ]) {
    t.ok(
      problems.some((problem) => problem.startsWith(`${key}: `)),
      `${key}: ${problems}`,
    )
  }
})

t.test('what is no such file is a problem, never an exception', async (t) => {
  const texts = [
    '',
    '[]',
    'null',
    '{}',
    '{"version":2,"sections":{}}',
    '{"version":1}',
    '{"version":1,"sections":{"nic":1}}',
    '{"version":1,"sections":{"nic":{"a":1}}}',
  ]
  for (const text of texts) t.notOk(parseNicConfig(text).ok, text)
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.dictionary(fc.string(), fc.string())), (sections) => {
      t.ok(parseNicConfig(JSON.stringify({ version: 1, sections })).ok)
    }),
  )
})
