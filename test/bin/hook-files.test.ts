import {
  chmodSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { installHooks, readHooks, removeHooks } from '#bin/hook-files.js'
import { hookFindings } from '#doctor/hook-findings.js'

const scripts = '/usr/lib/okeanid/hooks'

type Generation = 'kvm-ifup' | 'kvm-nic-setup'

/** A node with Ganeti and our package, and whatever else is given. */
function node(t: Test, generation: Generation, etc: Parameters<Test['testdir']>[0] = {}) {
  const script = '#!/bin/sh\n'
  const root = t.testdir({
    usr: {
      lib: {
        ganeti: { [generation]: script },
        okeanid: { hooks: { 'okeanid-nic': script, 'okeanid-post': script } },
      },
    },
    etc,
  })
  for (const name of ['okeanid-nic', 'okeanid-post'])
    chmodSync(path.join(root, scripts, name), 0o755)
  const places = { root, scripts }
  const broken = () =>
    hookFindings(readHooks(places))
      .filter(({ level }) => level === 'broken')
      .map(({ what }) => what.replaceAll(root, ''))
  return { root, places, broken, file: (name: string) => path.join(root, 'etc', name) }
}

for (const generation of ['kvm-ifup', 'kvm-nic-setup'] as const) {
  t.test(
    `${generation}: both generations are installed, once, and removed without a trace`,
    async (t) => {
      const { root, places, file } = node(t, generation)
      t.match(hookFindings(readHooks(places)), [{ level: 'note', cure: 'okeanid hooks install' }])
      const changes = installHooks(places)
      t.equal(changes.length, 1 + 8 + 26)
      t.equal(readlinkSync(file('ganeti/kvm-vif-bridge')), `${scripts}/okeanid-nic`)
      t.equal(readlinkSync(file('ganeti/network/routed/down')), `${scripts}/okeanid-nic`)
      t.same(hookFindings(readHooks(places)), [])
      t.same(installHooks(places), [], 'nothing to do')
      t.equal(removeHooks(places).length, changes.length)
      t.same(removeHooks(places), [])
      t.throws(() => readFileSync(path.join(root, 'etc/ganeti/network')), { code: 'ENOENT' })
    },
  )
}

t.test('what stood there is kept, and is there again afterwards', async (t) => {
  const { places, file } = node(t, 'kvm-ifup', {
    ganeti: {
      'kvm-vif-bridge': t.fixture('symlink', '/etc/ganeti/kvm-ifup-custom'),
      network: { bridged: { up: 'own up' }, ext: { up: 'own ext' } },
    },
  })
  const changes = installHooks(places)
  t.match(changes[0], { kept: file('ganeti/kvm-vif-bridge.before-okeanid') })
  t.equal(readFileSync(file('ganeti/network/bridged/up.before-okeanid'), 'utf8'), 'own up')
  t.equal(readFileSync(file('okeanid/ext/up'), 'utf8'), 'own ext', 'where nic up calls it')
  t.same(installHooks(places), [], 'a second time loses nothing')
  removeHooks(places)
  t.equal(readlinkSync(file('ganeti/kvm-vif-bridge')), '/etc/ganeti/kvm-ifup-custom')
  t.equal(readFileSync(file('ganeti/network/bridged/up'), 'utf8'), 'own up')
  t.equal(readFileSync(file('ganeti/network/ext/up'), 'utf8'), 'own ext')
  t.throws(() => readFileSync(file('okeanid/ext/up')), { code: 'ENOENT' })
  t.same(readdirSync(file('ganeti/network/ext')), ['up'])
})

t.test(
  'a script of mode ext that was written for us is left alone, before and after',
  async (t) => {
    const { places, file } = node(t, 'kvm-nic-setup', {
      ganeti: { network: { ext: { up: 'of Ganeti’s days' } } },
      okeanid: { ext: { up: 'for okeanid', down: 'for okeanid too' } },
    })
    installHooks(places)
    t.equal(readFileSync(file('okeanid/ext/up'), 'utf8'), 'for okeanid')
    t.equal(readFileSync(file('ganeti/network/ext/up.before-okeanid'), 'utf8'), 'of Ganeti’s days')
    removeHooks(places)
    t.equal(readFileSync(file('ganeti/network/ext/up'), 'utf8'), 'of Ganeti’s days')
    t.throws(() => readFileSync(file('ganeti/network/ext/down')), { code: 'ENOENT' })
    t.equal(readFileSync(file('okeanid/ext/up'), 'utf8'), 'for okeanid')
    t.equal(readFileSync(file('okeanid/ext/down'), 'utf8'), 'for okeanid too')
  },
)

const damages: readonly {
  readonly what: string
  readonly generation: Generation
  readonly damage: (on: ReturnType<typeof node>) => void
  readonly says: RegExp
}[] = [
  {
    what: 'an upgrade of Ganeti that put a script of its own there',
    generation: 'kvm-nic-setup',
    damage: ({ file }) => {
      rmSync(file('ganeti/network/bridged/up'))
      writeFileSync(file('ganeti/network/bridged/up'), '#!/bin/sh\n')
    },
    says: /^\/etc\/ganeti\/network\/bridged\/up is not ours, and .*kvm-nic-setup.*without isolation/,
  },
  {
    what: 'somebody took it away',
    generation: 'kvm-ifup',
    damage: ({ file }) => rmSync(file('ganeti/kvm-vif-bridge')),
    says: /^\/etc\/ganeti\/kvm-vif-bridge is not there/,
  },
  {
    what: 'it leads elsewhere',
    generation: 'kvm-ifup',
    damage: ({ file }) => {
      rmSync(file('ganeti/kvm-vif-bridge'))
      symlinkSync('/bin/true', file('ganeti/kvm-vif-bridge'))
    },
    says: /kvm-vif-bridge is not ours/,
  },
  {
    what: 'the package is gone',
    generation: 'kvm-ifup',
    damage: ({ root }) => rmSync(path.join(root, scripts, 'okeanid-nic')),
    says: /kvm-vif-bridge leads to a script that is not there/,
  },
  {
    what: 'not executable',
    generation: 'kvm-nic-setup',
    damage: ({ root }) => chmodSync(path.join(root, scripts, 'okeanid-nic'), 0o644),
    says: /bridged\/up leads to a script that is not executable/,
  },
]

for (const { what, generation, damage, says } of damages) {
  t.test(`loud when Ganeti goes by ours: ${what}`, async (t) => {
    const on = node(t, generation)
    installHooks(on.places)
    t.same(on.broken(), [])
    damage(on)
    t.match(on.broken()[0], says)
    if (what !== 'the package is gone' && what !== 'not executable') {
      t.equal(on.broken().length, 1)
      installHooks(on.places)
      t.same(on.broken(), [], 'installing cures it')
    }
  })
}

t.test('what the installed Ganeti does not call is only noted', async (t) => {
  const on = node(t, 'kvm-ifup')
  installHooks(on.places)
  rmSync(on.file('ganeti/network/routed/up'))
  t.match(hookFindings(readHooks(on.places)), [{ level: 'note', what: /network\/routed\/up/ }])
})
