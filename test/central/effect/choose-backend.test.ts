import t from 'tap'
import { type BackendCapacity, chooseBackend } from '#central/effect/choose-backend.js'

const need = { vcpus: 1, ramMib: 1024, diskMib: 10_240, diskTemplate: 'plain' }

const empty: BackendCapacity = {
  id: 0,
  is_drained: 0,
  is_offline: 0,
  disk_templates: '["plain","drbd"]',
  node_count: 2,
  cpu_total: 16,
  memory_total_mib: 65_536,
  memory_free_mib: 65_536,
  disk_total_mib: 1_000_000,
  disk_free_mib: 1_000_000,
  instance_count: 0,
}

const busy = { ...empty, id: 1, memory_free_mib: 16_384, instance_count: 20 }

const cases: readonly (readonly [string, readonly BackendCapacity[], number | undefined])[] = [
  ['the one with most to spare', [busy, empty], 0],
  [
    'of equal ones the first',
    [
      { ...empty, id: 4 },
      { ...empty, id: 2 },
    ],
    4,
  ],
  ['not a drained one', [busy, { ...empty, is_drained: 1 }], 1],
  ['not one that is offline', [busy, { ...empty, is_offline: 1 }], 1],
  ['not one without the disk template', [busy, { ...empty, disk_templates: '["rbd"]' }], 1],
  ['not one without the memory', [busy, { ...empty, memory_free_mib: 512 }], 1],
  ['not one without the disk', [busy, { ...empty, disk_free_mib: 512 }], 1],
  ['not one that was never read', [{ ...empty, node_count: 0 }], undefined],
  ['none when there is none', [], undefined],
]

for (const [name, backends, expected] of cases)
  t.equal(chooseBackend(backends, need), expected, name)

t.equal(
  chooseBackend([{ ...empty, disk_free_mib: 0 }], { ...need, diskTemplate: 'diskless' }),
  undefined,
  'a template that is not enabled is not had, diskless neither',
)
t.equal(chooseBackend([busy], { ...need, diskTemplate: '' }), 1, 'any template will do')
