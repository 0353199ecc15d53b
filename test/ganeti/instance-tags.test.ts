import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { createInstanceTagsFinder } from '#ganeti/instance-tags.js'

const config = {
  cluster: { uuid: 'c', tags: ['no'] },
  nodes: { n1: { name: 'n1.example', tags: ['no'] }, n2: { name: 'n2.example' } },
  instances: {
    a: {
      tags: ['x', 'y'],
      osparams_private: { tags: ['secret'] },
      name: 'vm1',
      primary_node: 'n2',
    },
    b: { name: 'vm2', primary_node: 'n1', nics: [{ name: 'vm9', tags: ['no'] }], tags: [] },
    c: { name: 'vm3', primary_node: 'gone', tags: [] },
  },
}

function found(bytes: Uint8Array, sliceBytes: number, names: readonly string[]) {
  const finder = createInstanceTagsFinder(new Set(names))
  for (let from = 0; from < bytes.length; from += sliceBytes)
    finder.write(bytes.subarray(from, from + sliceBytes))
  return finder.end()
}

t.test('tags and primary nodes of the wanted instances are found, sliced anyhow', async (t) => {
  const bytes = new TextEncoder().encode(JSON.stringify(config))
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 80 }), (sliceBytes) => {
      t.same(found(bytes, sliceBytes, ['vm1', 'vm2', 'vm3', 'vm9', 'absent']), [
        { instance: 'vm1', node: 'n2.example', tags: ['x', 'y'] },
        { instance: 'vm2', node: 'n1.example', tags: [] },
      ])
    }),
    { numRuns: 20 },
  )
})

t.test('a file that is cut says nothing', async (t) => {
  const bytes = new TextEncoder().encode(JSON.stringify(config))
  t.equal(found(bytes.subarray(0, bytes.length - 1), 64, ['vm1']), undefined)
})

t.test('what Ganeti has written can be read', async (t) => {
  const bytes = readFileSync('test/fixtures/config.data')
  t.same(found(bytes, 4096, ['a1.lab.example']), [
    { instance: 'a1.lab.example', node: 'n2.lab.example', tags: [] },
  ])
})
