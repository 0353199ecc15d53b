import t from 'tap'
import type { ConfigNic, InstanceConfig } from '#ganeti/instance-config.js'
import { instanceDetails } from '#progress/instance-details.js'

const nic: ConfigNic = {
  name: 'snf-nic-301',
  uuid: '0b1c7a8e-1111-4222-8333-444455556666',
  network: 'snf-net-7',
  ip: '192.0.2.10',
  mac: 'aa:00:10:01:02:03',
  mode: 'bridged',
  link: 'prv0',
}

function configOf(tags: readonly string[], nics: readonly ConfigNic[] = [nic]): InstanceConfig {
  return {
    name: 'snf-42',
    serialNo: 9,
    changedSeconds: 1,
    tags,
    nics,
    disks: [
      { name: 'snf-vol-77', sizeMebibytes: 20480, uuid: '5c5c7a8e-1111-4222-8333-444455550000' },
    ],
    bootOrder: 'disk',
    cdromImagePath: '',
  }
}

t.test('details have the keys, shapes and units of Synnefo’s, and two keys more', async (t) => {
  t.strictSame(instanceDetails(configOf(['synnefo:network:snf-nic-301:protected'])), {
    instance_nics: [{ ...nic, firewall: 'protected' }],
    instance_disks: [
      { name: 'snf-vol-77', size: 20480, uuid: '5c5c7a8e-1111-4222-8333-444455550000' },
    ],
    instance_hvparams: { boot_order: 'disk', cdrom_image_path: '' },
    instance_tags: ['synnefo:network:snf-nic-301:protected'],
    instance_serial_no: 9,
  })
})

const firewalls: readonly {
  name: string
  tags: readonly string[]
  firewall: string | undefined
}[] = [
  { name: 'no tag', tags: ['a:b'], firewall: undefined },
  { name: 'a tag with its index', tags: ['synnefo:network:0:limited'], firewall: 'limited' },
  { name: 'a tag with its UUID', tags: [`okeanid:firewall:${nic.uuid}:web`], firewall: 'web' },
  { name: 'a tag of another NIC', tags: ['synnefo:network:1:limited'], firewall: undefined },
  { name: 'a tag of all NICs', tags: ['okeanid:firewall:*:web'], firewall: 'web' },
  {
    name: 'its own before that of all',
    tags: ['okeanid:firewall:*:protected', 'okeanid:firewall:0:web'],
    firewall: 'web',
  },
  {
    name: 'ours before Synnefo’s',
    tags: ['synnefo:network:0:protected', 'okeanid:firewall:0:unprotected'],
    firewall: 'unprotected',
  },
  {
    name: 'the strictest of several, in whatever order',
    tags: ['synnefo:network:0:unprotected', 'synnefo:network:0:protected', 'synnefo:network:0:a'],
    firewall: 'protected',
  },
  { name: 'a tag with a part missing', tags: ['synnefo:network:0'], firewall: undefined },
  { name: 'a tag with a part empty', tags: ['synnefo:network:0:'], firewall: undefined },
  { name: 'a tag with a part too many', tags: ['synnefo:network:0:a:b'], firewall: undefined },
]

for (const { name, tags, firewall } of firewalls) {
  t.test(`the firewall of a NIC: ${name}`, async (t) => {
    const [told] = instanceDetails(configOf(tags)).instance_nics ?? []
    t.strictSame(told, firewall === undefined ? nic : { ...nic, firewall })
  })
}

t.test('what a NIC does not have is null, as in Synnefo’s', async (t) => {
  const bare = {
    name: null,
    uuid: null,
    network: null,
    ip: null,
    mac: null,
    mode: null,
    link: null,
  }
  t.strictSame(instanceDetails(configOf([], [bare])).instance_nics, [bare])
})
