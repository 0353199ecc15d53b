import { readFileSync } from 'node:fs'
import t from 'tap'
import {
  defaultCentralConfig,
  type LoadedCentralConfig,
  loadCentralConfig,
  parseCentralConfig,
} from '#central/config/central-config.js'
import { centralReferenceFile } from '#central/config/reference-file.js'
import { hasCode } from '#errors.js'

function parsed(text: string): LoadedCentralConfig {
  return parseCentralConfig([{ file: 'a.ini', text }])
}

t.test('the shipped reference file is what the table of keys says', async (t) => {
  // node -e "import('#central/config/reference-file.js').then((m) => process.stdout.write(m.centralReferenceFile()))" > etc/central.ini
  const text = readFileSync('etc/central.ini', 'utf8')
  t.equal(text, centralReferenceFile())
  t.ok(
    parsed(text).settings.every(({ file }) => file === undefined),
    'as shipped it sets nothing',
  )
})

t.test('every key of the reference file holds its default when it is switched on', async (t) => {
  const given = parsed(readFileSync('etc/central.ini', 'utf8').replace(/^;/gm, ''))
  t.strictSame(given.config, defaultCentralConfig())
  t.ok(given.settings.every(({ file }) => file === 'a.ini'))
})

const faulty: readonly (readonly [string, RegExp])[] = [
  ['[servers]\nflavors = 5', /^a\.ini: \[servers\] flavors: there is no such key in this section$/],
  ['[web]\nport = 80', /^a\.ini: \[web\] port: there is no such section$/],
  ['[constructor]\nname = 80', /no such section/],
  ['port = 80', /^a\.ini: \[\] port: there is no such section$/],
  ['[server]\nport = 80\nport[] = 81', /given twice or as a list/],
  ['[server]\ncert_file = /a.pem', /cert_file and key_file: give both, or none/],
  ['[ganeti]\nlost_after = 35s', /lost_after: wants to be longer than connect_timeout and timeout/],
  ['[ganeti]\ntimeout = 5m', /lost_after: wants to be longer/],
  ['[server]\npublic_url = central.example.net', /wants an address like https/],
  ['[store]\nurl = mysql://host/x', /wants sqlite:\/FILE/],
  ['[store]\nurl = postgres://me:a#b@host/x', /\[store\] url: write ; as %3B and # as %23/],
  ['[ganeti]\nprefix = snf', /one dash at the end/],
  ['[ganeti]\nprefix = snf-a-', /one dash at the end/],
  ['[network]\nmac_prefix = 01:00:0', /local unicast/],
  ['[network]\nbridge = a bridge of mine', /name of an interface/],
  ['[network]\ndefault_networks = public', /numbers of networks/],
  ['[network]\ntenant_flavors = VXLAN', /MAC_FILTERED, PHYSICAL_VLAN/],
  ['[quota]\nservers = many', /whole number, or -1/],
]
for (const [text, says] of faulty) {
  t.test(`refused: ${JSON.stringify(text)}`, async (t) => {
    t.throws(() => parsed(text), { code: 'CONFIG_INVALID', message: says })
  })
}

t.test('every fault is told at once, with its file', async (t) => {
  const sources = [
    { file: 'a.ini', text: '[server]\nport = x\n' },
    { file: 'b.ini', text: '[quota]\nram = y\n' },
  ]
  t.throws(() => parseCentralConfig(sources), { message: /^a\.ini: .*\nb\.ini: .*$/ })
})

t.test('a password in an address is not shown', async (t) => {
  const { settings } = parsed('[store]\nurl = postgres://me:secret@host/central\n')
  t.notMatch(JSON.stringify(settings), ':secret@')
  t.match(JSON.stringify(settings), 'postgres://me:***@host/central')
})

t.test('files of the folder beside it are read in name order, later ones win', async (t) => {
  const folder = t.testdir({
    'central.ini': '[quota]\nservers = 1\nvcpus = 1\n',
    'central.d': { '20-b.ini': '[quota]\nservers = 3\n', '10-a.ini': '[quota]\nservers = 2\n' },
  })
  const { config } = await loadCentralConfig(`${folder}/central.ini`, { isRequired: true })
  t.strictSame([config.quota.servers, config.quota.vcpus], [3, 1])
})

t.test('a file that was asked for by name must be there', async (t) => {
  const missing = loadCentralConfig(`${t.testdir()}/none.ini`, { isRequired: true })
  const error = await missing.catch((cause: unknown) => cause)
  t.ok(hasCode(error, 'CONFIG_INVALID'))
})
