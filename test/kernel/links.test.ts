import { execFileSync } from 'node:child_process'
import t, { type Test } from 'tap'
import type { Link } from '#kernel/links.js'
import { followLinks } from '#kernel/links.js'
import { ifindexOf, inOwnNetwork, run } from '../support/own-network.js'
import { until } from '../support/until.js'

inOwnNetwork(import.meta.url, () => {
  t.test('tells what is there, then what becomes of it', async (t) => {
    run('ip', 'link', 'add', 'tap0', 'address', 'aa:00:00:12:34:56', 'type', 'veth', 'peer', 'nic0')
    const ifindex = ifindexOf('tap0')
    const seen = await follow(t)
    const about = { ifindex, name: 'tap0', mac: 'aa:00:00:12:34:56', mtu: 1500, kind: 'veth' }
    t.same(seen.links.get(ifindex), { ...about, isUp: false, masterIndex: undefined })
    t.match([...seen.links.values()], [{ name: 'lo', ifindex: 1, mtu: 65_536, kind: undefined }])

    run('ip', 'link', 'set', 'tap0', 'up', 'mtu', '1400')
    await seen.link('tap0', { mtu: 1400, isUp: true })
    run('ip', 'link', 'add', 'br0', 'type', 'bridge')
    await seen.link('br0', { kind: 'bridge' })
    run('ip', 'link', 'set', 'tap0', 'master', 'br0')
    await seen.link('tap0', { masterIndex: ifindexOf('br0') })

    run('ip', 'link', 'set', 'tap0', 'nomaster')
    await seen.link('tap0', { masterIndex: undefined })
    t.same(seen.gone, [], 'a port that leaves its bridge is not gone')

    run('ip', 'link', 'set', 'tap0', 'down')
    run('ip', 'link', 'set', 'tap0', 'name', 'tap9')
    await seen.link('tap9', { ifindex, isUp: false })

    run('ip', 'link', 'del', 'tap9')
    await until('both ends are gone', () => seen.gone.length === 2 || undefined)
    t.same([...seen.gone].sort(), [`${ifindex} tap9`, `${ifindex - 1} nic0`].sort())
    run('ip', 'link', 'del', 'br0')
  })

  t.test('a name that is used again is a new interface', async (t) => {
    const seen = await follow(t)
    run('ip', 'link', 'add', 'tap0', 'type', 'bridge')
    const first = await seen.link('tap0', {})
    run('ip', 'link', 'del', 'tap0')
    run('ip', 'link', 'add', 'tap0', 'type', 'bridge')
    const second = await seen.link('tap0', { ifindex: ifindexOf('tap0') })
    t.not(first.ifindex, second.ifindex)
    t.same(seen.gone, [`${first.ifindex} tap0`])
    run('ip', 'link', 'del', 'tap0')
  })

  t.test('a TUN/TAP device has its kind', async (t) => {
    const seen = await follow(t)
    run('ip', 'tuntap', 'add', 'tap0', 'mode', 'tap')
    t.match(await seen.link('tap0', {}), { kind: 'tun' })
    run('ip', 'link', 'del', 'tap0')
  })

  t.test(
    'thousands at once, and events that were lost are made good',
    { timeout: 120_000 },
    async (t) => {
      const many = 2000
      batch((n) => `link add m${n} type bridge`, 50)
      const seen = await follow(t)
      const resyncs = seen.counters().resyncs
      // this loop runs nothing of ours: the receive buffer overflows
      for (let round = 0; seen.counters().overflows === 0 && round < 20; round++) {
        batch((n) => `link set m${n % 50} mtu ${1000 + ((n + round) % 7)}`, many * 4)
        batch((n) => `link del m${n}`, 50)
        batch((n) => `link add m${n} type bridge`, 50)
        await new Promise(setImmediate)
      }
      const there = run('ip', '-o', 'link')
        .trim()
        .split('\n')
        .map((line) => Number.parseInt(line, 10))
      const isSame = () => there.length === seen.links.size && there.every((i) => seen.links.has(i))
      await until('what is known to be what is there', () => isSame() || undefined)
      t.ok(seen.counters().overflows > 0)
      t.ok(seen.counters().resyncs > resyncs)
    },
  )

  t.test('after the signal nothing is told any more', async (t) => {
    const stop = new AbortController()
    const seen = await follow(t, stop)
    stop.abort()
    run('ip', 'link', 'add', 'tap0', 'type', 'bridge')
    const other = await follow(t)
    await other.link('tap0', {})
    t.notOk([...seen.links.values()].some(({ name }) => name === 'tap0'))
  })
})

/** Many changes in one process, in the order of their numbers. */
function batch(line: (n: number) => string, count: number): void {
  const input = Array.from({ length: count }, (_, n) => `${line(n)}\n`).join('')
  execFileSync('ip', ['-force', '-batch', '-'], { input })
}

/** Follows until the test ends; resolves when all that exist were told. */
async function follow(t: Test, stop = new AbortController()) {
  const links = new Map<number, Link>()
  const gone: string[] = []
  t.teardown(() => stop.abort())
  let isWhole = false
  const { counters } = followLinks({
    onLink: (link) => links.set(link.ifindex, link),
    onGone: (ifindex, name) => {
      links.delete(ifindex)
      gone.push(`${ifindex} ${name}`)
    },
    onResync: () => {
      isWhole = true
    },
    signal: stop.signal,
  })
  await until('all links', () => isWhole || undefined)
  return {
    links,
    gone,
    counters,
    link: (name: string, wanted: Partial<Link>): Promise<Link> =>
      until(`${name} with ${JSON.stringify(wanted)}`, () =>
        [...links.values()].find(
          (link) =>
            link.name === name &&
            Object.entries(wanted).every(([key, value]) => link[key as keyof Link] === value),
        ),
      ),
  }
}
