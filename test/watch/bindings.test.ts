import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { formatProblem } from '#binding/binding.js'
import { parseConfig } from '#service/config.js'
import { type BindingChange, type BindingNotice, followBindings } from '#watch/bindings.js'

const defaults = parseConfig([]).config.serving

const json = (tap: string, ip = '192.0.2.77') =>
  JSON.stringify({
    version: 1,
    tap,
    mac: 'aa:00:00:00:00:01',
    instance: 'vm1.example.com',
    mode: 'bridged',
    link: 'br0',
    network: { name: 'a', tags: ['nfdhcpd'], subnet: '192.0.2.0/24' },
    ip,
  })

const nfdhcpd = (ip = '192.0.2.77') =>
  `MAC=aa:00:00:00:00:01\nHOSTNAME=vm\nINDEV=br0\nIP=${ip}\nSUBNET=192.0.2.0/24\n`

interface Followed {
  readonly nics: string
  readonly old: string
  /** File name -> address that is told, as the changes say. */
  readonly told: Map<string, string | undefined>
  readonly notices: BindingNotice[]
  /** Waits until what was told so far fits. */
  until(what: string, fits: () => boolean): Promise<void>
}

/** Follows two new folders until the test is over. */
function follow(
  t: Test,
  { rescanMs = 60_000, before }: { rescanMs?: number; before?: (nics: string) => void } = {},
): Followed {
  const root = t.testdir({ nics: {}, old: {} })
  const nics = path.join(root, 'nics')
  const old = path.join(root, 'old')
  before?.(nics)
  const told = new Map<string, string | undefined>()
  const notices: BindingNotice[] = []
  const waiting = new Set<() => void>()
  const stop = new AbortController()
  const look = () => {
    for (const one of waiting) one()
  }
  const options = {
    nicsDirectory: nics,
    nfdhcpdDirectory: old,
    defaults,
    rescanMs,
    signal: stop.signal,
    onNotice(notice: BindingNotice) {
      notices.push(notice)
      look()
    },
  }
  const ended = (async () => {
    for await (const changes of followBindings(options)) {
      for (const change of changes) apply(told, change)
      look()
    }
  })()
  t.teardown(async () => {
    stop.abort()
    await ended
  })
  return {
    nics,
    old,
    told,
    notices,
    until: (what, fits) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          waiting.delete(check)
          reject(new Error(`${what}: ${JSON.stringify([...told])} ${JSON.stringify(notices)}`))
        }, 20_000)
        const check = () => {
          if (!fits()) return
          clearTimeout(late)
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
  }
}

function apply(told: Map<string, string | undefined>, change: BindingChange): void {
  const name = path.basename(change.file)
  if (change.kind === 'set') told.set(name, change.service.dhcp4?.address)
  else told.delete(name)
}

const isLoaded = ({ notices }: Followed) => notices.some(({ kind }) => kind === 'loaded')

function writeWhole(file: string, text: string): void {
  writeFileSync(`${file}.tmp`, text)
  renameSync(`${file}.tmp`, file)
}

t.test('files that are there, come, change and go', async (t) => {
  const followed = follow(t, { before: (nics) => writeFileSync(`${nics}/tap0.json`, json('tap0')) })
  const { nics, old, told, until } = followed
  await until('loaded', () => isLoaded(followed))
  t.strictSame([...told], [['tap0.json', '192.0.2.77']])
  writeWhole(`${nics}/tap1.json`, json('tap1'))
  await until('renamed into place', () => told.get('tap1.json') === '192.0.2.77')
  writeWhole(`${nics}/tap1.json`, json('tap1', '192.0.2.78'))
  await until('renamed over', () => told.get('tap1.json') === '192.0.2.78')
  writeFileSync(`${nics}/tap1.json`, json('tap1', '192.0.2.79'))
  await until('written in place', () => told.get('tap1.json') === '192.0.2.79')
  writeFileSync(`${old}/tap2`, nfdhcpd())
  await until('nfdhcpd’s', () => told.get('tap2') === '192.0.2.77')
  renameSync(`${nics}/tap1.json`, `${nics}/tap9.json`)
  await until('renamed', () => !told.has('tap1.json') && told.get('tap9.json') === '192.0.2.79')
  unlinkSync(`${nics}/tap9.json`)
  unlinkSync(`${old}/tap2`)
  await until('gone', () => told.size === 1)
})

t.test('nfdhcpd’s files are written line by line and read when they are whole', async (t) => {
  const followed = follow(t)
  await followed.until('loaded', () => isLoaded(followed))
  const seen: (string | undefined)[] = []
  const { set } = followed.told
  followed.told.set = function record(name, ip) {
    seen.push(ip)
    return set.call(this, name, ip)
  }
  for (const line of nfdhcpd().match(/.*\n/g) ?? []) {
    appendFileSync(`${followed.old}/tap3`, line)
    await nextTurn() // each line is noticed for itself
  }
  await followed.until('read', () => followed.told.has('tap3'))
  t.strictSame(seen, ['192.0.2.77'], 'never without its address')
})

t.test('a damaged file changes nothing and is told once', async (t) => {
  const followed = follow(t)
  const { nics, told, notices, until } = followed
  const unusable = () => notices.filter(({ kind }) => kind === 'unusable')
  writeWhole(`${nics}/tap0.json`, json('tap0'))
  await until('read', () => told.size === 1)
  writeWhole(`${nics}/tap0.json`, json('tap0').replace('"mode"', '"moed"'))
  await until('told', () => unusable().length === 1)
  t.match(unusable()[0], { file: `${nics}/tap0.json`, keepsLast: true })
  const [notice] = unusable()
  t.strictSame(notice?.kind === 'unusable' && notice.problems.map(formatProblem), [
    'mode: is missing',
    'moed: there is no such key',
  ])
  t.equal(told.get('tap0.json'), '192.0.2.77', 'the last good version holds')
  writeWhole(`${nics}/tap1.json`, '{}')
  await until('another one', () => unusable().length === 2)
  t.match(unusable()[1], { keepsLast: false })
  writeWhole(`${nics}/tap0.json`, json('tap0', '192.0.2.80'))
  await until('good again', () => told.get('tap0.json') === '192.0.2.80')
  t.equal(unusable().length, 2)
})

t.test('a file that is cut while it is being written is not told of', async (t) => {
  const followed = follow(t)
  const { nics, told, notices, until } = followed
  await until('loaded', () => isLoaded(followed))
  const text = json('tap0')
  writeFileSync(`${nics}/tap0.json`, text.slice(0, 50))
  await nextTurn() // the half of it is seen
  appendFileSync(`${nics}/tap0.json`, text.slice(50))
  await until('whole', () => told.has('tap0.json'))
  t.notOk(notices.some(({ kind }) => kind === 'unusable'))
})

t.test('what is no file of a binding', async (t) => {
  const followed = follow(t)
  const { nics, old, told, notices, until } = followed
  await until('loaded', () => isLoaded(followed))
  writeFileSync(`${nics}/.tap0.json`, json('tap0'))
  writeFileSync(`${nics}/tap0.json.tmp`, json('tap0'))
  writeFileSync(`${old}/.tap0.swp`, nfdhcpd())
  writeFileSync(`${old}/a name that no interface has`, nfdhcpd())
  mkdirSync(`${nics}/folder.json`)
  execFileSync('mkfifo', [`${nics}/pipe.json`])
  symlinkSync('nowhere', `${nics}/link.json`)
  writeFileSync(`${nics}/large.json`, ' '.repeat(65_537))
  writeFileSync(`${nics}/last.json`, json('tap9'))
  const whys = () =>
    notices
      .flatMap((one) => (one.kind === 'unusable' ? one.problems.map(formatProblem) : []))
      .sort()
  await until('all were looked at', () => told.has('last.json') && whys().length === 3)
  t.strictSame(whys(), ['is larger than 65536 bytes', 'is no file', 'is no file'])
  t.strictSame([...told.keys()], ['last.json'])
})

t.test('what is wrong with a network’s tags is told, and the rest is served', async (t) => {
  const followed = follow(t)
  const { nics, told, notices, until } = followed
  writeWhole(`${nics}/tap0.json`, json('tap0').replace('"nfdhcpd"', '"nfdhcpd","okeanid:mtu:x"'))
  await until('read', () => told.size === 1)
  t.match(
    notices.find(({ kind }) => kind === 'flawed'),
    { file: `${nics}/tap0.json`, problems: [{ key: 'okeanid:mtu:x' }] },
  )
  writeWhole(`${nics}/tap1.json`, json('tap1').replace('"nfdhcpd"', '"nfdhcpd","okeanid:mtu:x"'))
  await until('read', () => told.size === 2)
  t.equal(notices.filter(({ kind }) => kind === 'flawed').length, 1, 'once for the network')
})

t.test('a folder that is not there, comes, goes and is replaced', async (t) => {
  const followed = follow(t, { rescanMs: 50, before: (nics) => rmSync(nics, { recursive: true }) })
  const { nics, told, notices, until } = followed
  await until('told', () => notices.some(({ kind }) => kind === 'missing-directory'))
  mkdirSync(nics)
  writeFileSync(`${nics}/tap0.json`, json('tap0'))
  await until('it came', () => told.size === 1)
  rmSync(nics, { recursive: true })
  await until('it went', () => told.size === 0)
  mkdirSync(nics)
  writeFileSync(`${nics}/tap1.json`, json('tap1'))
  await until('it came again', () => told.has('tap1.json'))
  mkdirSync(`${nics}.new`)
  writeFileSync(`${nics}.new/tap2.json`, json('tap2'))
  renameSync(nics, `${nics}.old`)
  renameSync(`${nics}.new`, nics)
  await until('another one took its place', () => told.has('tap2.json') && told.size === 1)
})

t.test('what inotify did not tell is found by rescans', async (t) => {
  const followed = follow(t, { rescanMs: 50 })
  const { nics, told, until } = followed
  // the folder's watch hears nothing of changes behind a link
  const behind = path.join(nics, '..', 'behind')
  writeFileSync(behind, json('tap0'))
  symlinkSync(behind, `${nics}/tap0.json`)
  await until('read', () => told.get('tap0.json') === '192.0.2.77')
  writeFileSync(behind, json('tap0', '192.0.2.178'))
  await until('found', () => told.get('tap0.json') === '192.0.2.178')
})

t.test('thousands of files are read without holding the loop up', async (t) => {
  let longestMs = 0
  let lastMs = performance.now()
  const timer = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - lastMs)
    lastMs = performance.now()
  }, 1)
  t.teardown(() => clearInterval(timer))
  const followed = follow(t, {
    before(nics) {
      for (let n = 0; n < 3000; n++) writeFileSync(`${nics}/tap${n}.json`, json(`tap${n}`))
      lastMs = performance.now()
    },
  })
  await followed.until('loaded', () => isLoaded(followed))
  t.equal(followed.told.size, 3000)
  t.ok(longestMs < 500, `${longestMs} ms: in slices, not at once`)
})
