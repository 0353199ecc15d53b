import { existsSync } from 'node:fs'
import t, { type Test } from 'tap'
import { ownFolder } from './own-folder.js'

const cases = [
  { name: 'ownFolder: there until the last teardown', make: ownFolder, isThere: true },
  // When this changes ownFolder is of no use any more.
  {
    name: 'testdir before the first teardown: gone by then',
    make: (t: Test) => t.testdir(),
    isThere: false,
  },
]

for (const { name, make, isThere } of cases) {
  t.test(name, async (t) => {
    let folder = ''
    let wasThere: boolean | undefined
    await t.test('a test that writes until its teardown', async (t) => {
      folder = make(t)
      t.teardown(() => {
        wasThere = existsSync(folder)
      })
    })
    t.equal(wasThere, isThere)
    t.notOk(existsSync(folder), 'gone afterwards')
  })
}
