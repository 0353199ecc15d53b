import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { importNfdhcpd } from '#bin/import-nfdhcpd.js'
import { loadConfig, parseConfig } from '#service/config.js'
import { parseConfigObj } from '#service/configobj.js'
import { convertNfdhcpdConf } from '#service/nfdhcpd-conf.js'

const sample = readFileSync('test/fixtures/bindings/nfdhcpd.conf', 'utf8')

const notesOf = (text: string) =>
  convertNfdhcpdConf(text).notes.map(({ key, message }) => `${key} ${message}`.trim())

t.test('a whole file comes through our own parser with its meaning', async (t) => {
  const output = path.join(t.testdir(), 'okeanid.ini')
  t.capture(process.stdout, 'write', () => true)
  await importNfdhcpd('test/fixtures/bindings/nfdhcpd.conf', { output })
  const { config } = await loadConfig(output, { isRequired: true })
  t.equal(config.responder.nfdhcpd_directory, '/var/lib/nfdhcpd')
  const { dhcp_queue, rs_queue, ns_queue, dhcpv6_queue } = config.queueing
  t.strictSame([dhcp_queue, rs_queue, ns_queue, dhcpv6_queue], [42, 43, 44, 45])
  t.match(config.serving.settings, {
    leaseSeconds: 604_800,
    renewSeconds: 3600,
    serverId: '192.0.2.1',
    isServerOnLink: false,
    nameservers4: ['192.0.2.53', '192.0.2.54'],
    nameservers6: ['2001:db8::53'],
    domain: 'vm.example.com',
    searchList: ['a.example.com', 'b.example.com'],
    advertiseMaxSeconds: 300,
    advertiseMinSeconds: 225,
    dhcpv6: 'stateless',
  })
  await t.rejects(
    importNfdhcpd('test/fixtures/bindings/nfdhcpd.conf', { output }),
    { code: 'INPUT_UNREADABLE', message: /such a file already/ },
    'it never writes over a file',
  )
})

t.test('what has no equal is noted, in the file as well', async (t) => {
  const { ini, notes } = convertNfdhcpdConf(sample)
  for (const { key, message } of notes) t.ok(ini.includes(`# ${key} ${message}`), key)
  t.ok(notes.some(({ key }) => key === 'ipv6.enable_dhcpv6'))
  t.strictSame(notesOf('[dhcp]\nfoo = 1\n[x]\ny = 2\nnonsense\n').slice(0, 3), [
    'line 5 cannot be read',
    'dhcp.foo is unknown',
    'x.y is unknown',
  ])
})

const settingOf = (text: string, section: string, key: string) =>
  parseConfig([{ file: 'a', text: convertNfdhcpdConf(text).ini }]).settings.find(
    (one) => one.section === section && one.key === key,
  )?.text

t.test('quirks', async (t) => {
  t.equal(settingOf('[ipv6]\ndhcp_queue = 46\n', 'queueing', 'dhcpv6_queue'), '46', 'old name')
  t.equal(settingOf('[ipv6]\nrs_queue = 0\n', 'queueing', 'rs_queue'), '43', '0 was none')
  const shifted = '[dhcp]\ndhcp_queue = 43\n[ipv6]\nrs_queue = 143\nns_queue = 143\n'
  t.strictSame(
    ['dhcp_queue', 'rs_queue', 'ns_queue', 'dhcpv6_queue', 'drop_queue_offset'].map((key) =>
      settingOf(shifted, 'queueing', key),
    ),
    ['43', '143', '44', '45', '101'],
    'no number twice',
  )
  t.equal(settingOf('[ipv6]\nmode = auto\n', 'dhcpv6', 'mode'), 'off', 'no queue, no DHCPv6')
  t.equal(settingOf('[ipv6]\nmode = slaac\ndhcpv6_queue = 45', 'dhcpv6', 'mode'), 'off')
  t.equal(settingOf('[ipv6]\nmode = slaac+dhcpv6', 'dhcpv6', 'mode'), 'stateless')
  t.equal(settingOf('[dhcp]\nserver_on_link = True', 'dhcp', 'server_on_link'), 'yes')
  t.equal(settingOf('[dhcp]\ndomain = None', 'dhcp', 'domain'), 'auto')
  t.equal(settingOf('[ipv6]\nra_period = 9999', 'ra', 'interval_max'), '1800s')
  t.equal(
    settingOf('[general]\ndatapath = "/var/lib/a;b#c"', 'responder', 'nfdhcpd_directory'),
    '/var/lib/a;b#c',
  )
  t.match(notesOf('[dhcp]\nlease_lifetime = 3600\nlease_renewal = 3600'), [
    /./,
    /not before rebinding/,
  ])
  t.match(notesOf('[dhcp]\nserver_ip = nonsense').join(), /dhcp.server_ip is left out: server_id/)
})

t.test('configobj’s lists, quotes and comments', async (t) => {
  const values = (text: string) => parseConfigObj(`[s]\nk = ${text}`).entries[0]?.values
  t.strictSame(values('a, b ,c'), ['a', 'b', 'c'])
  t.strictSame(values('a,'), ['a'])
  t.strictSame(values('"a, b", \'c # d\' # e'), ['a, b', 'c # d'])
  t.strictSame(values(''), [''])
  t.strictSame(values('a b # c'), ['a b'])
  t.equal(values('"open'), undefined)
})

/** The values of the sample as Python's configobj reads them. */
const script = `
import configobj, json, sys
read = configobj.ConfigObj(sys.stdin.read().splitlines())
print(json.dumps({s: {k: v if isinstance(v, list) else [v] for k, v in m.items()} for s, m in read.items()}))
`
// Debian's own, whose modules apt installs; another one may come first in PATH
const python = spawnSync('/usr/bin/python3', ['-c', script], { input: sample, encoding: 'utf8' })
const lack = python.status === 0 ? false : 'python3-configobj is missing'

t.test(
  'they are read as configobj itself reads them',
  { skip: process.env['CI'] === 'true' ? false : lack },
  async (t) => {
    t.equal(lack, false)
    const ours: Record<string, Record<string, readonly string[]>> = {}
    for (const { section, key, values } of parseConfigObj(sample).entries) {
      ours[section] = { ...ours[section], [key]: values }
    }
    t.strictSame(ours, JSON.parse(python.stdout))
  },
)

t.test('whatever the text, the result can be loaded', async (t) => {
  const lines = sample.split('\n')
  const line = fc.oneof(
    fc.constantFrom(...lines),
    fc.string(),
    fc.tuple(fc.constantFrom(...lines), fc.string({ unit: 'binary' })).map(([a, b]) => a + b),
  )
  fc.assert(
    fc.property(fc.array(line, { maxLength: 40 }), (text) => {
      const { ini } = convertNfdhcpdConf(text.join('\n'))
      t.ok(parseConfig([{ file: 'a', text: ini }]))
    }),
    { numRuns: 500 },
  )
})
