import t from 'tap'
import { forVersion } from '#central/intent/for-version.js'
import { mayBeJobOf } from '#central/intent/kind.js'
import type { RapiRequest } from '#central/intent/rapi-request.js'
import * as requests from '#central/intent/requests.js'

const nic = { name: 'snf-nic-3', network: 'snf-net-7', ip: '192.0.2.5' }

const cases: readonly (readonly [string, RapiRequest, RapiRequest])[] = [
  ['start', requests.startup('snf-42'), put('/2/instances/snf-42/startup', {})],
  ['stop', requests.shutdown('snf-42'), put('/2/instances/snf-42/shutdown', {})],
  [
    'stop within',
    requests.shutdown('snf-42', { timeoutSeconds: 5 }),
    put('/2/instances/snf-42/shutdown', { timeout: 5 }),
  ],
  [
    'reboot',
    requests.reboot('snf-42', { isHard: true }),
    {
      method: 'POST',
      path: '/2/instances/snf-42/reboot',
      query: { type: 'hard' },
      body: { shutdown_timeout: 0 },
    },
  ],
  [
    'resize',
    requests.setBackend('snf-42', { vcpus: 2, ramMib: 1024 }),
    put('/2/instances/snf-42/modify', { beparams: { vcpus: 2, minmem: 1024, maxmem: 1024 } }),
  ],
  [
    'add an interface',
    requests.addNic('snf-42', { nic }),
    put('/2/instances/snf-42/modify', { nics: [['add', -1, nic]] }),
  ],
  [
    'add an interface without address',
    requests.addNic('snf-42', { nic: { ...nic, ip: null } }),
    put('/2/instances/snf-42/modify', {
      nics: [['add', -1, { name: 'snf-nic-3', network: 'snf-net-7' }]],
    }),
  ],
  [
    'remove an interface',
    requests.removeNic('snf-42', 'snf-nic-3'),
    put('/2/instances/snf-42/modify', { nics: [['remove', 'snf-nic-3', {}]] }),
  ],
  [
    'add tags',
    requests.addTags('snf-42', ['a', 'b']),
    {
      method: 'PUT',
      path: '/2/instances/snf-42/tags',
      query: { tag: ['a', 'b'] },
      body: {},
    },
  ],
  [
    'connect a network',
    requests.connectNetwork('snf-net-7', { group: 'default', mode: 'bridged', link: 'br0' }),
    put('/2/networks/snf-net-7/connect', {
      group_name: 'default',
      network_mode: 'bridged',
      network_link: 'br0',
      conflicts_check: false,
    }),
  ],
  [
    'an odd name keeps to its place in the path',
    requests.startup('../x?y'),
    put('/2/instances/..%2Fx%3Fy/startup', {}),
  ],
]

for (const [name, request, expected] of cases) t.same(request, expected, name)

t.test('create', async (t) => {
  const wanted = {
    name: 'snf-42',
    osType: 'snf-image+default',
    osparams: { img_id: 'x' },
    vcpus: 1,
    ramMib: 512,
    diskGib: 2,
    diskTemplate: 'plain',
    nics: [nic],
    tags: ['t'],
  }
  t.match(requests.createInstance(wanted), {
    method: 'POST',
    path: '/2/instances',
    body: { __version__: 1, disks: [{ size: 2048 }], nics: [nic], name_check: false },
  })
  t.match(requests.createInstance({ ...wanted, diskGib: 0 }).body, {
    disk_template: 'diskless',
    disks: [],
  })
  t.notOk('osparams_secret' in (requests.createInstance(wanted).body ?? {}))
})

t.test(
  'plugging into a running instance has to be asked for before 3.1, and must not be from then on',
  async (t) => {
    const added = requests.addNic('snf-42', { nic })
    const old = { version: '3.0.2', hotplug: true }
    t.equal(forVersion(added, old).body?.['hotplug_if_possible'], true)
    t.same(forVersion(added, { ...old, hotplug: false }), added)
    for (const version of ['3.1.0', '3.2.0~alpha1', '4.0', '']) {
      t.same(forVersion(added, { version, hotplug: true }), added, version)
      t.equal(forVersion(added, { version, hotplug: false }).body?.['hotplug'], false, version)
    }
    const resized = requests.setBackend('snf-42', { vcpus: 1, ramMib: 1 })
    t.same(forVersion(resized, old), resized)
  },
)

t.test('jobs of an intent are known by their summaries', async (t) => {
  const start = { kind: 'start', target: 'snf-42' } as const
  t.ok(mayBeJobOf(start, ['INSTANCE_STARTUP(snf-42)']))
  t.notOk(mayBeJobOf(start, ['INSTANCE_STARTUP(snf-420)']))
  t.notOk(mayBeJobOf(start, ['INSTANCE_SHUTDOWN(snf-42)']))
  t.ok(mayBeJobOf({ kind: 'tags', target: 'snf-42' }, ['TAGS_SET']))
  t.ok(
    mayBeJobOf({ kind: 'rebuild', target: 'a' }, [
      'INSTANCE_SHUTDOWN(a)',
      'INSTANCE_REINSTALL(a)',
      'INSTANCE_STARTUP(a)',
    ]),
  )
})

function put(path: string, body: NonNullable<RapiRequest['body']>): RapiRequest {
  return { method: 'PUT', path, body }
}
