import t from 'tap'
import { parseConfig } from '#service/config.js'
import { digestOf } from '#service/config-digest.js'

const digest = (...texts: readonly string[]) =>
  parseConfig(texts.map((text, index) => ({ file: `/etc/okeanid/okeanid.d/${index}.ini`, text })))
    .config.digest

t.test('the same values have the same digest, wherever they stand', async (t) => {
  const one = digest('[dhcp]\nlease = 2d\n[ra]\nhop_limit = 32\n')
  t.match(one.all, /^[0-9a-f]{12}$/)
  t.strictSame(digest('[ra]\nhop_limit = 32\n', '[dhcp]\nlease = 2d\n'), one)
  t.strictSame(digest('[dhcp]\nlease = 5d\n[ra]\nhop_limit=32\n', '[dhcp]\nlease = 2d\n'), one)
  t.strictSame(digest('[dhcp]\nlease = 1d\n'), digest(), 'a default that is written down')
})

t.test('another value is another digest, of its section and of all', async (t) => {
  const [one, other] = [digest('[dhcp]\nlease = 2d\n'), digest('[dhcp]\nlease = 3d\n')]
  t.not(one.all, other.all)
  t.not(one.sections['dhcp'], other.sections['dhcp'])
  t.strictSame({ ...one.sections, dhcp: '' }, { ...other.sections, dhcp: '' })
})

t.test('open sections count', async (t) => {
  t.ok(Object.hasOwn(digest('[network net1]\nlease = 3d\n').sections, 'network net1'))
  t.not(digest('[prefixes]\na = b\n').all, digest().all)
})

t.test('a password plays no part in it, a user does', async (t) => {
  const url = (who: string) => digest(`[broker]\nurl = amqp://${who}@broker.example.org/\n`)
  t.strictSame(url('okeanid:one'), url('okeanid:two'))
  t.not(url('okeanid:one').all, url('other:one').all)
})

t.test('local.ini is the node’s own', async (t) => {
  const file = '/etc/okeanid/okeanid.d/local.ini'
  const { config, settings } = parseConfig([
    { file: '/etc/okeanid/okeanid.ini', text: '[dhcp]\nlease = 2d\n' },
    { file, text: '[nic]\nprivate_uplink = eth7\n' },
  ])
  t.strictSame(config.digest, digest('[dhcp]\nlease = 2d\n'))
  t.match(
    settings.find(({ key }) => key === 'private_uplink'),
    { text: 'eth7', file },
  )
})

t.test('the order of settings plays no part', async (t) => {
  const setting = (section: string, key: string) => ({ section, key, text: '1', file: undefined })
  const settings = [setting('b', 'x'), setting('a', 'y'), setting('b', 'a')]
  t.strictSame(digestOf(settings), digestOf([...settings].reverse()))
})
