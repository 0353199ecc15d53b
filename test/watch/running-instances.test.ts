import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { createInstanceReader } from '#watch/running-instances.js'
import { openHypervisor, type RuntimeNic } from '../support/hypervisor.js'
import { siteUnavailable } from '../support/site-unavailable.js'
import { openSpace } from '../support/space.js'

const skip = siteUnavailable() ?? false

const nic: RuntimeNic = {
  tap: 'tap0',
  mac: 'aa:00:00:00:00:0a',
  uuid: '00000000-0000-4000-8000-00000000000a',
  mode: 'bridged',
  link: 'br0',
}

async function openNode(t: Test) {
  const space = await openSpace('instances')
  t.teardown(() => space[Symbol.asyncDispose]())
  const root = path.join(space.directory, 'root')
  const hypervisor = openHypervisor(space, root)
  const file = (...names: readonly string[]) =>
    path.join(root, 'run/ganeti/kvm-hypervisor', ...names)
  return { hypervisor, file, read: createInstanceReader(root) }
}

t.test('which instances run', { skip }, async (t) => {
  t.test('one with its NICs and the taps that Ganeti made for them', async (t) => {
    const { hypervisor, read } = await openNode(t)
    t.same(read(), [])
    await hypervisor.start('vm1', [nic, { ...nic, tap: 'tap7', uuid: nic.uuid.replace(/a$/, 'b') }])
    t.match(read(), [
      {
        name: 'vm1',
        isIncoming: false,
        nics: [{ mac: nic.mac, uuid: nic.uuid, link: 'br0' }, {}],
        taps: [
          { number: 0, tap: 'tap0' },
          { number: 1, tap: 'tap7' },
        ],
        problems: [],
      },
    ])
  })

  t.test('not one whose QEMU has died: its files stay', async (t) => {
    const { hypervisor, read } = await openNode(t)
    await hypervisor.start('vm1', [nic])
    await hypervisor.crash('vm1')
    t.same(read(), [])
  })

  t.test('not one whose pid another process has by now', async (t) => {
    const { hypervisor, file, read } = await openNode(t)
    await hypervisor.start('vm1', [nic])
    writeFileSync(file('pid', 'vm1'), `${process.pid}\n`)
    t.same(read(), [])
    for (const text of ['', '0', '-1', '1/../2', '99999999999']) {
      writeFileSync(file('pid', 'vm1'), text)
      t.same(read(), [], JSON.stringify(text))
    }
  })

  t.test('not one whose name only begins like that of the process', async (t) => {
    const { hypervisor, file, read } = await openNode(t)
    await hypervisor.start('vm10', [nic])
    const pid = read()[0]?.pid
    writeFileSync(file('pid', 'vm1'), `${pid}\n`)
    t.same(
      read().map(({ name }) => name),
      ['vm10'],
    )
  })

  t.test('a runtime file that is damaged or not there yet: its taps are known', async (t) => {
    const { hypervisor, file, read } = await openNode(t)
    await hypervisor.start('vm1', [nic])
    writeFileSync(file('conf', 'vm1.runtime'), '[[], "no list"]')
    t.match(read(), [{ nics: [], taps: [{ tap: 'tap0' }], problems: [/vm1\.runtime/] }])
    rmSync(file('conf', 'vm1.runtime'))
    t.match(read(), [{ nics: [], taps: [{ tap: 'tap0' }], problems: [] }])
  })

  t.test('names that are no interfaces, and files that are none of Ganeti’s', async (t) => {
    const { hypervisor, file, read } = await openNode(t)
    await hypervisor.start('vm1', [nic])
    writeFileSync(file('nic', 'vm1', '1'), '../../etc')
    writeFileSync(file('nic', 'vm1', 'x'), 'tap9')
    writeFileSync(file('nic', 'vm1', '.2'), 'tap9')
    mkdirSync(file('nic', 'vm1', '3'))
    t.match(read(), [{ taps: [{ number: 0, tap: 'tap0' }] }])
    t.equal(read()[0]?.taps.length, 1)
  })
})
