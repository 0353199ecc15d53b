import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { createInstanceConfigFinder } from '#ganeti/instance-config-finder.js'
import { fixturePath } from '../support/fixture.js'

const recorded = readFileSync(fixturePath('config.data'))

function find(bytes: Uint8Array, names: readonly string[], sliceBytes = bytes.length) {
  const finder = createInstanceConfigFinder(new Set(names))
  for (let from = 0; from < bytes.length; from += sliceBytes)
    finder.write(bytes.subarray(from, from + sliceBytes))
  return finder.end()
}

function findIn(config: object, name: string) {
  return find(new TextEncoder().encode(JSON.stringify(config)), [name])?.instances.get(name)
}

/** A configuration with one instance, as small as it can be. */
function configOf(instance: object, around: object = {}): object {
  return {
    cluster: { nicparams: { default: { mode: 'bridged', link: 'br0', vlan: '' } } },
    instances: { i: { name: 'vm1', serial_no: 3, mtime: 10.5, ...instance } },
    ...around,
  }
}

t.test('what Ganeti wrote: NICs with the names of their networks, disks, tags', async (t) => {
  const found = find(recorded, ['f1.lab.example', 'file1.lab.example', 'nosuch'])
  t.equal(found?.writtenSeconds, 1795192417.62744)
  t.strictSame([...(found?.instances.keys() ?? [])], ['f1.lab.example', 'file1.lab.example'])
  t.strictSame(found?.instances.get('f1.lab.example'), {
    name: 'f1.lab.example',
    serialNo: 20,
    changedSeconds: 1795192376.266169,
    tags: ['b:1', 'synnefo:network:0:protected'],
    nics: [
      {
        name: null,
        uuid: '1155d026-daab-4397-a1cc-f10a2b3ca603',
        network: 'net-public',
        ip: '192.0.2.3',
        mac: 'aa:00:01:a4:eb:ce',
        mode: 'bridged',
        link: 'br0',
      },
      {
        name: null,
        uuid: 'd7481fe9-b753-4b8d-9dfd-bf33b5abd53d',
        network: null,
        ip: null,
        mac: 'aa:00:00:b4:64:ed',
        mode: 'bridged',
        link: 'br0',
      },
    ],
    disks: [],
    bootOrder: null,
    cdromImagePath: null,
  })
  t.strictSame(found?.instances.get('file1.lab.example')?.disks, [
    { uuid: 'fb29042a-0f55-4d1a-adc0-ada188061fb9', name: null, sizeMebibytes: 24 },
  ])
})

t.test('slices of any size give the same', async (t) => {
  const whole = find(recorded, ['r1.lab.example'])
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3000 }), (sliceBytes) => {
      t.strictSame(find(recorded, ['r1.lab.example'], sliceBytes), whole)
    }),
    { numRuns: 20 },
  )
})

t.test('a file that is cut is no answer', async (t) => {
  t.equal(find(recorded.subarray(0, recorded.length - 2), ['f1.lab.example']), undefined)
  t.equal(find(new Uint8Array(), ['f1.lab.example']), undefined)
})

t.test('a NIC inherits mode and link from the cluster', async (t) => {
  const nics = [{ mac: 'aa:00:00:00:00:01', nicparams: { link: 'br7' } }, { nicparams: {} }]
  t.match(findIn(configOf({ nics }), 'vm1')?.nics, [
    { mode: 'bridged', link: 'br7' },
    { mode: 'bridged', link: 'br0', mac: null },
  ])
})

const hypervisor: readonly {
  name: string
  own: object
  os: object
  of: string
  boot: string | null
}[] = [
  { name: 'its own', own: { boot_order: 'cdrom' }, os: {}, of: 'kvm', boot: 'cdrom' },
  {
    name: 'of its OS',
    own: {},
    os: { kvm: { boot_order: 'network' } },
    of: 'kvm',
    boot: 'network',
  },
  { name: 'of the cluster', own: {}, os: { xen: { boot_order: 'no' } }, of: 'kvm', boot: 'disk' },
  { name: 'none where the hypervisor has none', own: {}, os: {}, of: 'fake', boot: null },
]

for (const c of hypervisor) {
  t.test(`boot_order is ${c.name}`, async (t) => {
    const cluster = {
      hvparams: { kvm: { boot_order: 'disk', cdrom_image_path: '' }, fake: {} },
      os_hvp: { debian: c.os },
    }
    const instance = { hypervisor: c.of, os: 'debian', hvparams: c.own }
    t.equal(findIn(configOf(instance, { cluster }), 'vm1')?.bootOrder, c.boot)
  })
}

t.test('keys and sections may come in any order', async (t) => {
  const config = {
    disks: { d1: { size: 5, name: 'snf-vol-1', mtime: 20 }, d2: { size: 7 } },
    networks: { n: { name: 'net1' } },
    instances: {
      other: { disks: ['d2'], tags: ['no'], name: 'vm2' },
      i: { disks: ['d1'], nics: [{ network: 'n' }], tags: ['yes'], mtime: 10, name: 'vm1' },
    },
  }
  t.match(findIn(config, 'vm1'), {
    tags: ['yes'],
    nics: [{ network: 'net1' }],
    disks: [{ uuid: 'd1', name: 'snf-vol-1', sizeMebibytes: 5 }],
    changedSeconds: 20,
  })
})

t.test('what is of another shape is left out, and never an error', async (t) => {
  const odd = { nics: 'x', disks: 7, tags: { a: 1 }, hvparams: [], mtime: 'now', serial_no: null }
  t.match(findIn(configOf(odd), 'vm1'), { nics: [], disks: [], tags: [], serialNo: 0 })
  t.match(findIn(configOf({ nics: [7, null] }), 'vm1')?.nics, [{ mac: null }, { mac: null }])
})
