import {
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { openSpool, type Spool, type SpoolNotice } from '#watch/spool.js'
import { lostFileName, spoolFile, stampNow } from '#watch/spool-writer.js'

const boot = '0d9c8f6e-1111-4222-8333-444455556666'
const earlierBoot = 'ffffffff-1111-4222-8333-444455556666'
const nameOf = (counter: number, bootId = boot): string =>
  `${bootId}.${String(counter).padStart(20, '0')}.7.json`

interface Reading {
  readonly spool: Spool
  readonly notices: SpoolNotice[]
  /** Texts of the next batch. */
  next(): Promise<readonly string[]>
}

function read(t: Test, directory: string, { rescanMs = 60_000 } = {}): Reading {
  const stop = new AbortController()
  const notices: SpoolNotice[] = []
  const onNotice = (notice: SpoolNotice): number => notices.push(notice)
  const options = { directory, maxBytes: 100, rescanMs, onNotice, signal: stop.signal }
  const spool = openSpool(options)
  const batches = spool.batches()
  t.teardown(async () => {
    stop.abort()
    await batches.return(undefined)
  })
  return {
    spool,
    notices,
    async next() {
      const next = await batches.next()
      const files = next.done === true ? [] : next.value
      await spool.remove(files)
      return files.map(({ text }) => text)
    },
  }
}

t.test(
  'files come in the order of their counters, whatever the order of their making',
  async (t) => {
    const directory = t.testdir()
    for (const counter of [30, 4, 100]) spoolFile(directory, nameOf(counter), `${counter}`)
    const { next } = read(t, directory)
    t.strictSame(await next(), ['4', '30', '100'])
    t.strictSame(readdirSync(directory), [])
  },
)

t.test('what an earlier boot left comes first, though its clock had run for longer', async (t) => {
  const directory = t.testdir()
  spoolFile(directory, nameOf(900, earlierBoot), 'old')
  utimesSync(path.join(directory, nameOf(900, earlierBoot)), 1000, 1000)
  spoolFile(directory, nameOf(1), 'new')
  t.strictSame(await read(t, directory).next(), ['old', 'new'])
})

t.test('a file that comes later is told of by the kernel, without a rescan', async (t) => {
  const directory = t.testdir()
  spoolFile(directory, nameOf(1), 'first')
  const { next } = read(t, directory)
  t.strictSame(await next(), ['first'])
  const waiting = next()
  spoolFile(directory, stampNow().fileName, 'second')
  t.strictSame(await waiting, ['second'])
})

t.test('a spool that is made later is found', async (t) => {
  const directory = path.join(t.testdir(), 'later')
  const waiting = read(t, directory, { rescanMs: 5 }).next()
  mkdirSync(directory)
  spoolFile(directory, nameOf(1), 'x')
  t.strictSame(await waiting, ['x'])
})

t.test('what was not removed comes again to the next reader', async (t) => {
  const directory = t.testdir()
  spoolFile(directory, nameOf(1), 'x')
  const stop = new AbortController()
  const options = { directory, maxBytes: 100, rescanMs: 1000, onNotice: () => {} }
  const first = openSpool({ ...options, signal: stop.signal }).batches()
  t.match(await first.next(), { value: [{ text: 'x' }] })
  stop.abort()
  await first.return(undefined)
  t.strictSame(await read(t, directory).next(), ['x'])
})

t.test('half-made files, links, folders and large files never reach the caller', async (t) => {
  const root = t.testdir({ secret: 'secret', spool: {} })
  const directory = path.join(root, 'spool')
  symlinkSync(path.join(root, 'secret'), path.join(directory, nameOf(1)))
  mkdirSync(path.join(directory, nameOf(2)))
  spoolFile(directory, nameOf(3), 'x'.repeat(101))
  spoolFile(directory, nameOf(4), 'good')
  writeFileSync(path.join(directory, `.new-${nameOf(5)}`), 'ha')
  writeFileSync(path.join(directory, 'notes.txt'), 'not ours')
  const { next, notices } = read(t, directory)
  t.strictSame(await next(), ['good'])
  t.strictSame(
    notices.map((notice) => notice.kind === 'bad' && [notice.name, notice.why]),
    [
      [nameOf(1), 'ELOOP'],
      [nameOf(2), 'is no file'],
      [nameOf(3), 'is larger than 100 bytes'],
    ],
  )
  t.strictSame(readdirSync(directory), [`.new-${nameOf(5)}`, 'bad', 'notes.txt'])
  t.equal(readdirSync(path.join(directory, 'bad')).length, 3)
})

t.test('a half-made file of a writer that died goes after a minute', async (t) => {
  const directory = t.testdir()
  const old = path.join(directory, `.new-${nameOf(5)}`)
  writeFileSync(old, 'ha')
  utimesSync(old, 1000, 1000)
  spoolFile(directory, nameOf(6), 'x')
  await read(t, directory).next()
  t.strictSame(readdirSync(directory), [])
})

t.test('what a full spool refused is told once', async (t) => {
  const directory = t.testdir({ [lostFileName]: '.....' })
  spoolFile(directory, nameOf(1), 'x')
  const { next, notices } = read(t, directory)
  await next()
  t.strictSame(notices, [{ kind: 'lost', count: 5 }])
  t.strictSame(readdirSync(directory), [])
})

t.test('at most a hundred bad files are kept', async (t) => {
  const directory = t.testdir()
  const { spool } = read(t, directory)
  for (let counter = 0; counter < 103; counter++) {
    spoolFile(directory, nameOf(counter), `${counter}`)
    await spool.refuse({ name: nameOf(counter) }, 'nonsense')
  }
  const kept = readdirSync(path.join(directory, 'bad')).toSorted()
  t.equal(kept.length, 100)
  t.equal(readFileSync(path.join(directory, 'bad', kept[0] ?? ''), 'utf8'), '3')
})

t.test('a file that cannot be removed is yielded once, not again and again', async (t) => {
  const directory = t.testdir()
  const { next, spool, notices } = read(t, directory, { rescanMs: 5 })
  // unlink of a folder fails as that of a file in a folder that may not be written
  mkdirSync(path.join(directory, nameOf(1)))
  await spool.remove([{ name: nameOf(1) }])
  t.match(notices, [{ kind: 'unusable' }])
  spoolFile(directory, nameOf(2), 'next')
  t.strictSame(await next(), ['next'])
  t.notOk(notices.some(({ kind }) => kind === 'bad'))
})
