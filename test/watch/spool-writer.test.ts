import { execFileSync, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { lostFileName, maxSpooled, spoolFile, stampNow } from '#watch/spool-writer.js'

t.test('a file is there as a whole, and nothing else', async (t) => {
  const spool = t.testdir()
  const { fileName } = stampNow()
  t.equal(spoolFile(spool, fileName, 'text\n'), 'written')
  t.strictSame(readdirSync(spool), [fileName])
  t.equal(readFileSync(path.join(spool, fileName), 'utf8'), 'text\n')
  t.equal(statSync(path.join(spool, fileName)).mode & 0o137, 0)
})

t.test('without a folder nobody wants to know, and none is made', async (t) => {
  const missing = path.join(t.testdir(), 'spool')
  t.equal(spoolFile(missing, 'a.json', ''), 'missing')
  t.notOk(existsSync(missing))
})

t.test('stamps of one boot sort as they were made', async (t) => {
  const names = Array.from({ length: 50 }, () => stampNow().fileName)
  t.strictSame(names.toSorted(), names)
  t.equal(new Set(names).size, 50)
})

t.test('a full spool takes nothing more, and says how much was lost', async (t) => {
  const spool = t.testdir()
  for (let count = 0; count < maxSpooled; count++) writeFileSync(path.join(spool, `${count}`), '')
  t.equal(spoolFile(spool, 'late.json', ''), 'full')
  t.equal(spoolFile(spool, 'later.json', ''), 'full')
  t.notOk(existsSync(path.join(spool, 'late.json')))
  t.equal(readFileSync(path.join(spool, lostFileName), 'utf8'), '..')
})

t.test('a pipe in the place of the note holds up nobody', async (t) => {
  const spool = t.testdir()
  for (let count = 0; count < maxSpooled; count++) writeFileSync(path.join(spool, `${count}`), '')
  execFileSync('mkfifo', [path.join(spool, lostFileName)])
  const writer = `import { spoolFile } from '#watch/spool-writer.js'
    try { spoolFile(process.argv[1], 'late.json', '') } catch {}`
  const argv = ['--input-type=module', '-e', writer, spool]
  const { status, signal } = spawnSync(process.execPath, argv, { timeout: 20_000 })
  t.strictSame({ status, signal }, { status: 0, signal: null })
})

t.test('a link that the reader put in the way leads root nowhere', async (t) => {
  const victim = path.join(t.testdir({ victim: 'mine', spool: {} }), 'victim')
  const spool = path.join(path.dirname(victim), 'spool')
  symlinkSync(victim, path.join(spool, '.new-a.json'))
  t.equal(spoolFile(spool, 'a.json', 'x'), 'written', 'nor is the writer held up')
  symlinkSync(victim, path.join(spool, 'b.json'))
  t.equal(spoolFile(spool, 'b.json', 'x'), 'written')
  t.equal(readFileSync(victim, 'utf8'), 'mine')
  mkdirSync(path.join(spool, 'c.json'))
  t.throws(() => spoolFile(spool, 'c.json', 'x'), 'a folder of that name is not replaced')
  const left = readdirSync(spool).filter((name) => name.startsWith('.new-'))
  t.same(left, ['.new-a.json'], 'and nothing is left of the attempt')
})
