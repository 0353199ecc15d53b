import t from 'tap'
import { isOpenFolder, judge, type ScriptFile } from '#script/file.js'

const good: ScriptFile = {
  name: '50-x',
  kind: 'file',
  owner: 0,
  mode: 0o755,
  openFolder: undefined,
}

const cases: readonly { name: string; file: Partial<ScriptFile>; verdict: unknown }[] = [
  { name: 'root’s program runs', file: {}, verdict: { kind: 'run' } },
  { name: 'one for root alone runs', file: { mode: 0o700 }, verdict: { kind: 'run' } },
  {
    name: 'a dot in the name: an editor’s copy',
    file: { name: 'x.bak' },
    verdict: { kind: 'ignored' },
  },
  { name: 'a tilde in the name', file: { name: 'x~' }, verdict: { kind: 'ignored' } },
  { name: 'not executable is off', file: { mode: 0o644 }, verdict: { kind: 'off' } },
  { name: 'a folder', file: { kind: 'other' }, verdict: { kind: 'refused', why: /no file/ } },
  {
    name: 'a dangling link',
    file: { kind: 'missing' },
    verdict: { kind: 'refused', why: /link to nothing/ },
  },
  {
    name: 'somebody else’s',
    file: { owner: 1000 },
    verdict: { kind: 'refused', why: /user 1000/ },
  },
  {
    name: 'writable by a group',
    file: { mode: 0o775 },
    verdict: { kind: 'refused', why: /may write/ },
  },
  {
    name: 'writable by all',
    file: { mode: 0o757 },
    verdict: { kind: 'refused', why: /may write/ },
  },
  {
    name: 'in a folder of others',
    file: { openFolder: '/home/joe' },
    verdict: { kind: 'refused', why: /change \/home\/joe/ },
  },
  {
    name: 'a name too long for a unit',
    file: { name: 'x'.repeat(101) },
    verdict: { kind: 'refused' },
  },
]
for (const { name, file, verdict } of cases)
  t.test(name, async (t) => t.match(judge({ ...good, ...file }), verdict))

t.test('a sticky folder lets nobody replace what is root’s', async (t) => {
  t.equal(isOpenFolder({ owner: 0, mode: 0o1777 }), false)
  t.equal(isOpenFolder({ owner: 0, mode: 0o777 }), true)
  t.equal(isOpenFolder({ owner: 0, mode: 0o755 }), false)
  t.equal(isOpenFolder({ owner: 7, mode: 0o755 }), true)
})
