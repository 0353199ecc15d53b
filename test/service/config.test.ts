import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { AgentError } from '#errors.js'
import { loadConfig, parseConfig } from '#service/config.js'
import { referenceFile } from '#service/reference-file.js'
import { sections } from '#service/sections.js'

const config = (text: string) => parseConfig([{ file: 'a.ini', text }])

t.test('without any file all defaults hold', async (t) => {
  const { config, files } = await loadConfig(path.join(t.testdir(), 'none.ini'), {
    isRequired: false,
  })
  t.strictSame(files, [])
  t.equal(config.ganeti.root, '/')
  t.equal(config.events.rescan.ms, 10_000)
  t.equal(config.broker.enabled, true)
})

t.test('files of the folder beside come later, in name order', async (t) => {
  const file = path.join(t.testdir(), 'okeanid.ini')
  mkdirSync(path.join(t.testdirName, 'okeanid.d'))
  writeFileSync(file, '[events]\nrescan = 1s\nlookback = 1s\n')
  writeFileSync(path.join(t.testdirName, 'okeanid.d/20.ini'), '[events]\nrescan = 3s\n')
  writeFileSync(
    path.join(t.testdirName, 'okeanid.d/10.ini'),
    '[events]\nrescan = 2s\nheartbeat = 2s\n',
  )
  writeFileSync(path.join(t.testdirName, 'okeanid.d/10.ini.dpkg-old'), '[nonsense]\n')
  const { config } = await loadConfig(file, { isRequired: true })
  t.strictSame(
    [config.events.rescan.ms, config.events.lookback.ms, config.events.heartbeat.ms],
    [3000, 1000, 2000],
  )
})

const faults: readonly { name: string; text: string; says: RegExp }[] = [
  {
    name: 'an unknown section',
    text: '[evnets]\nrescan = 1s',
    says: /^a\.ini: \[evnets\] rescan: there is no such section$/,
  },
  {
    name: 'an unknown key',
    text: '[events]\nresan = 1s',
    says: /^a\.ini: \[events\] resan: there is no such key in this section$/,
  },
  {
    name: 'a key without section',
    text: 'rescan = 1s',
    says: /^a\.ini: \[\] rescan: there is no such section$/,
  },
  { name: 'a name of Object.prototype', text: '[constructor]\nname = 1', says: /no such section/ },
  {
    name: 'a length of time without unit',
    text: '[events]\nrescan = 10',
    says: /\[events\] rescan: wants a number with a unit/,
  },
  {
    name: 'a length of time out of bounds',
    text: '[events]\nrescan = 1ms',
    says: /wants a value from 1s to 1h/,
  },
  { name: 'a switch that is none', text: '[broker]\nenabled = maybe', says: /wants yes or no/ },
  {
    name: 'an address that is none',
    text: '[broker]\nurl = http://x/',
    says: /wants addresses like amqp:/,
  },
  {
    name: 'a password that would be cut at a comment sign',
    text: '[broker]\nurl = amqp://me:123;krit@host/',
    says: /\[broker\] url: write ; as %3B/,
  },
  {
    name: 'a relative path',
    text: '[agent]\nstate_directory = var',
    says: /wants an absolute path/,
  },
  {
    name: 'a word that is not on the list',
    text: '[agent]\nlog_level = loud',
    says: /wants one of error, warning/,
  },
  { name: 'a list', text: '[events]\nrescan[] = 1s', says: /given twice or as a list/ },
  {
    name: 'a setting that networks do not have',
    text: '[network web.example]\nlaese = 1h',
    says: /^a\.ini: \[network web\.example\] laese: there is no such key in this section$/,
  },
  { name: 'a network without name', text: '[network ]\nlease = 1h', says: /no such section/ },
  {
    name: 'a setting of another section',
    text: '[ra]\nlease = 1h',
    says: /\[ra\] lease: there is no such key/,
  },
  {
    name: 'an option that is the message’s own',
    text: '[dhcp]\noption_53 = u8:1',
    says: /\[dhcp\] option_53: there is no such key/,
  },
  {
    name: 'an option that would be cut at a comment sign',
    text: '[dhcp]\noption_224 = text:a;b',
    says: /\[dhcp\] option_224: write ; as %3B/,
  },
  {
    name: 'a number out of bounds',
    text: '[queueing]\ndhcp_queue = 65536',
    says: /\[queueing\] dhcp_queue: wants a whole number from 0 to 65535/,
  },
  {
    name: 'a number for two queues',
    text: '[queueing]\nrs_queue = 42',
    says: /^\[queueing\] dhcp_queue: wants another number/,
  },
  {
    name: 'an offset that makes a number of another queue',
    text: '[queueing]\ndrop_queue_offset = 2',
    says: /^\[queueing\] drop_queue_offset: makes numbers/,
  },
  {
    name: 'an offset that makes too large a number',
    text: '[queueing]\nns_queue = 65500',
    says: /^\[queueing\] drop_queue_offset: makes numbers/,
  },
  {
    name: 'renewing after the lease',
    text: '[dhcp]\nrenew = 2d',
    says: /^\[dhcp\] renew: wants to be before rebind/,
  },
  {
    name: 'renewing after the lease of a network',
    text: '[dhcp]\nrenew = 2h\n[network a]\nlease = 1h',
    says: /^\[network a\] renew: wants to be before rebind/,
  },
  {
    name: 'an interval that ends before it begins',
    text: '[ra]\ninterval_max = 60s',
    says: /^\[ra\] interval_min: is more than three quarters/,
  },
  {
    name: 'a star among names',
    text: '[responder]\nnetworks = a, *',
    says: /\[responder\] networks: wants names, or \*/,
  },
  {
    name: 'a prefix with a dot',
    text: '[prefixes]\nvm1 = a.b',
    says: /\[prefixes\] vm1: wants one word without a dot/,
  },
]

for (const c of faults) {
  t.test(`${c.name} is an error that names file, section and key`, async (t) => {
    t.throws(() => config(c.text), { code: 'CONFIG_INVALID', message: c.says })
  })
}

t.test('all faults are told at once', async (t) => {
  try {
    config('[events]\nrescan = x\nlookback = y\n')
    t.fail('it was accepted')
  } catch (error) {
    t.equal(error instanceof AgentError && error.message.split('\n').length, 2)
  }
})

t.test('passwords are masked wherever settings are shown', async (t) => {
  const { settings } = config('[broker]\nurl = amqp://me:sekrit@a/, amqps://me:sekrit@b/\n')
  const shown = JSON.stringify(settings)
  t.notMatch(shown, /sekrit/)
  t.match(shown, /amqp:\/\/me:\*\*\*@a/)
})

t.test('passwords with a colon or an @ are masked whole', async (t) => {
  const { settings } = config('[broker]\nurl = amqp://me:se:krit@a/, amqp://me:p@krit@b/\n')
  t.equal(settings.find(({ key }) => key === 'url')?.text, 'amqp://me:***@a/, amqp://me:***@b/')
})

t.test('prefixes map names, also names with dots', async (t) => {
  const { config: parsed } = config('[prefixes]\nweb1.example.com = web\n')
  t.equal(parsed.prefixes.get('web1.example.com'), 'web')
})

t.test('networks have sections of their own, also those with dots in their names', async (t) => {
  const { config: parsed, settings } = config(
    '[network web.example.com]\nlease = 2h\nboot_10 = file:b\nboot_2 = file:a\n[network net-b]\ndhcp = no\n[responder]\nnetworks = net-b, c\n',
  )
  const { networks, servedNetworks } = parsed.serving
  t.match(networks.get('web.example.com'), {
    leaseSeconds: 7200,
    boot: [{ file: 'a' }, { file: 'b' }],
  })
  t.strictSame(networks.get('net-b'), { dhcp: false })
  t.strictSame(servedNetworks, new Set(['net-b', 'c']))
  t.match(
    settings.find(({ section, key }) => section === 'network net-b' && key === 'dhcp'),
    { text: 'no', file: 'a.ini' },
  )
})

t.test('a comment after a value is none of it', async (t) => {
  const { config: parsed } = config('[dhcp]\ncaptive_portal = https://portal.example/api ; ours\n')
  t.equal(parsed.serving.settings.captivePortal, 'https://portal.example/api')
})

t.test('sections of firewall profiles are checked as all others', async (t) => {
  const { config: parsed } = config('[firewall web]\ninbound = tcp/80, tcp/443\n')
  t.strictSame([...parsed.firewalls], [['web', { inbound: 'tcp/80, tcp/443' }]])
  const faulty = [
    ['[firewall web]\ninbound = http', /\[firewall web\] inbound: wants services/],
    ['[firewall web]\nports = 80', /\[firewall web\] ports: there is no such key in this section/],
    ['[firewall a:b]\nicmp = all', /\[firewall a:b\] icmp: there is no such section/],
  ] as const
  for (const [text, says] of faulty) t.throws(() => config(text), { message: says })
})

t.test('the shipped reference file is what the tables of keys say', async (t) => {
  // node -e "import('#service/reference-file.js').then((m) => process.stdout.write(m.referenceFile()))" > etc/okeanid.ini
  const text = readFileSync('etc/okeanid.ini', 'utf8')
  t.equal(text, referenceFile())
  const { settings } = config(text)
  t.ok(
    settings.every(({ file }) => file === undefined),
    'as shipped it sets nothing',
  )
})

t.test('every key of the reference file holds its default when it is switched on', async (t) => {
  const text = readFileSync('etc/okeanid.ini', 'utf8')
  const given = config(text.replace(/^;(?!web1|boot_|option_|dhcpv6_option_)/gm, ''))
  const all = config('')
  t.strictSame(given.config.serving.settings, all.config.serving.settings)
  for (const [section, keys] of sections()) {
    for (const [key, field] of keys) {
      const setting = given.settings.find((one) => one.section === section && one.key === key)
      t.equal(setting?.file, 'a.ini', `${section}.${key} is there`)
      if (!field.isSecret) t.equal(setting?.text, field.defaultText, `${section}.${key}`)
    }
  }
  t.ok(given.config.serving.networks.has('net-public'))
})

t.test('examples of the reference file can be used as they stand', async (t) => {
  const text = readFileSync('etc/okeanid.ini', 'utf8')
  const { config: parsed } = config(text.replace(/^;/gm, ''))
  const { boot, rawOptions4, rawOptions6 } = parsed.serving.settings
  t.strictSame(boot, [
    { architectures: [7, 9], userClass: undefined, server: '192.0.2.5', file: 'ipxe.efi' },
  ])
  t.equal(rawOptions4[0]?.code, 224)
  t.equal(rawOptions6[0]?.code, 94)
})

t.test('prefixes of NICs are cut from pools that no two networks share', async (t) => {
  const network = (name: string, value: string) => `[network ${name}]\nown_prefix = ${value}\n`
  const faulty = [
    ['[nic]\nown_prefix = 2001:db8::/48 64', /\[nic\] own_prefix: wants mac/],
    [
      network('a', '2001:db8::/48 64') + network('b', '2001:db8::/56 64'),
      /\[network b\] own_prefix: overlaps the pool of \[network a\]/,
    ],
    [network('a', '2001:db8::/40 64 mac') + network('b', '2001:db8::/48 64'), /overlaps/],
  ] as const
  for (const [text, says] of faulty) t.throws(() => config(text), { message: says })
  const good = [
    '[nic]\nown_prefix = 2001:db8::/40 64 mac',
    network('a', '2001:db8::/48 64') + network('b', '2001:db8:1::/48 64'),
    network('a', '2001:db8::/40 64 mac') + network('b', '2001:db8::/40 64 mac'),
  ]
  for (const text of good) t.doesNotThrow(() => config(text))
  t.throws(() => config('[nic]\nfirewall = none-such'), {
    message: /no firewall profile none-such/,
  })
})
