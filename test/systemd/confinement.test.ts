import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { confinements } from './confinement.js'
import { confinementTable } from './confinement-table.js'

t.test('docs/confinement.md has the table of what is tried', async (t) => {
  const text = readFileSync('docs/confinement.md', 'utf8')
  t.ok(text.includes(confinementTable()), 'node dist/test/systemd/confinement-table.js prints it')
})

t.test('every service is tried', async (t) => {
  for (const { unit, refused, allowed } of confinements) {
    t.ok(existsSync(`systemd/${unit}.service`), unit)
    const both = refused.filter(({ act }) => allowed.some((other) => other.act === act))
    t.same(both, [], `${unit}: nothing is refused and allowed`)
  }
})
