import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Script } from 'node:vm'
import t from 'tap'
import { siteUnavailable } from '../support/site-unavailable.js'
import type { Space } from '../support/space.js'
import { bridged, openNode, routed, type Variables } from './nic-node.js'

/** `okeanid nic up` and `down` as Ganeti runs them, in network namespaces with real taps, rules and routes. */

const skip = siteUnavailable() ?? false

const flagsOf = (space: Space, tap: string) => space.sh(`ip -o link show dev ${tap}`)
const rulesets = (space: Space) => space.sh('nft list ruleset')

t.test('a bridged NIC: rules, port, record, binding, event', { skip }, async (t) => {
  const { space, nic, file, events } = await openNode(t)
  t.same(await nic('up', bridged), { code: 0, text: '' })
  t.match(await flagsOf(space, 'tap0'), /,UP.* master br0 .*link\/ether fe:00:01:00:00:01/s)
  t.match(await rulesets(space), /device "tap0" .*ether saddr != aa:00:01:00:00:01 .*drop/s)
  t.match(JSON.parse(readFileSync(file('okeanid/nics/tap0.json'), 'utf8')), {
    tap: 'tap0',
    ip: '192.0.2.2',
    network: { name: 'pub' },
  })
  t.equal(statSync(file('okeanid/nics/tap0.json')).mode & 0o777, 0o640)
  t.equal(statSync(file('lib/nics/taps/tap0.json')).mode & 0o777, 0o600)
  t.same(events(), ['up'])
  t.same(await nic('up', bridged), { code: 0, text: '' }, 'and again')
})

t.test(
  'a routed NIC: routes, lookup, proxy; down does nothing while the tap is there',
  { skip },
  async (t) => {
    const { space, nic, file, events } = await openNode(t)
    const look = () =>
      space.sh('ip rule; ip route show table 100; ip neigh show proxy; nft list tables')
    t.same(await nic('up', routed), { code: 0, text: '' })
    const up = await look()
    t.match(up, /iif tap0 lookup 100 proto 110/)
    t.match(up, /192\.0\.2\.2 dev tap0 proto 110/)
    t.match(up, /192\.0\.2\.2 dev br0 +proxy/)
    t.same(await nic('down', { ...routed, ACTION: 'down' }), { code: 0, text: '' })
    t.equal(await look(), up)
    await space.sh('ip link del dev tap0')
    t.same(await nic('down', { ...routed, ACTION: 'down' }), { code: 0, text: '' })
    const down = await look()
    t.notMatch(down, /tap0|proxy/)
    t.notMatch(await rulesets(space), /tap0/)
    t.notOk(existsSync(file('okeanid/nics/tap0.json')))
    t.notOk(existsSync(file('lib/nics/taps/tap0.json')))
    t.same(events(), ['up', 'down'])
  },
)

t.test('what an earlier tap of the name left is taken away', { skip }, async (t) => {
  const { space, nic } = await openNode(t)
  t.same(await nic('up', routed), { code: 0, text: '' })
  await space.sh('ip link del dev tap0; ip tuntap add tap0 mode tap') // no down: Ganeti <= 3.1
  const next = {
    ...routed,
    INTERFACE_UUID: routed.INTERFACE_UUID.replace('e6', 'f6'),
    IP: '192.0.2.3',
  }
  t.same(await nic('up', next), { code: 0, text: '' })
  const seen = await space.sh('ip neigh show proxy; ip rule')
  t.match(seen, /192\.0\.2\.3 dev br0 +proxy/)
  t.notMatch(seen, /192\.0\.2\.2/)
  t.equal(seen.match(/iif tap0/g)?.length, 1)
})

const failures: readonly {
  readonly what: string
  readonly env: Variables
  readonly prepare?: string
  readonly says: RegExp
}[] = [
  {
    what: 'a bridge that is not there',
    env: { ...bridged, LINK: 'br9', BRIDGE: 'br9' },
    says: /^okeanid: NIC 0 of vm1\.example\.com \(tap0\): bridge br9 does not exist on this node\n$/,
  },
  {
    what: 'no such tap',
    env: { ...bridged, INTERFACE: 'tap9' },
    says: /there is no interface tap9/,
  },
  {
    what: 'an environment that is no NIC’s',
    env: { ...bridged, MAC: 'aa:00:\u00fc' },
    says: /^okeanid: NIC tap0: .*MAC/,
  },
  {
    what: 'an interface that is no bridge',
    env: bridged,
    prepare: 'ip link del br0; ip link add br0 type veth peer name br1',
    says: /bridge br0 does not exist/,
  },
  {
    what: 'rules that nft does not take',
    env: bridged,
    prepare:
      'nft add table netdev okeanid; nft add set netdev okeanid from_tap0 "{ type mark; }"; nft add chain netdev okeanid from_tap0',
    says: /./,
  },
]

for (const { what, env, prepare, says } of failures.slice(0, 4)) {
  t.test(`fails closed with one line of ASCII: ${what}`, { skip }, async (t) => {
    const { space, nic, file, events } = await openNode(t)
    await space.sh(prepare ?? ':')
    const { code, text } = await nic('up', env)
    t.equal(code, 1)
    t.match(text, says)
    t.match(text, /^[\x20-\x7e]+\n$/)
    t.notMatch(await flagsOf(space, 'tap0'), /,UP|master/)
    t.notMatch(await rulesets(space), /tap/)
    t.notOk(existsSync(file('okeanid/nics/tap0.json')))
    t.ok(events().every((status) => status === 'failed'))
    writeFileSync(file('break-glass'), '')
    t.match(await nic('up', env), { code: 0 }, 'broken glass')
  })
}

t.test(
  'fails closed when nft does, and starts with what there is when the glass is broken',
  { skip },
  async (t) => {
    const { space, nic, file, events } = await openNode(t)
    mkdirSync(file('bin'))
    writeFileSync(
      file('bin/nft'),
      '#!/bin/sh\necho "netlink: Fehler \u00fcber alles" >&2\nexit 1\n',
      { mode: 0o755 },
    )
    await space.sh(`mount --bind '${file('bin/nft')}' "$(command -v nft)"`)
    const failed = await nic('up', bridged)
    t.equal(failed.code, 1)
    t.match(
      failed.text,
      /^okeanid: NIC 0 .*cannot put the rules of tap0 in place: nft: netlink: Fehler \?+ber alles\n$/,
    )
    t.notMatch(await flagsOf(space, 'tap0'), /,UP|master/)
    t.same(events(), ['failed'])
    writeFileSync(file('break-glass'), '')
    t.equal((await nic('up', bridged)).code, 0)
    t.match(await flagsOf(space, 'tap0'), /,UP.* master br0/)
    t.same(events(), ['failed', 'failed'], 'loudly')
  },
)

t.test('what fails on a tap that is up already takes no rules from it', { skip }, async (t) => {
  const { space, nic } = await openNode(t)
  t.equal((await nic('up', bridged)).code, 0)
  const counted = () => space.sh('nft list chain netdev okeanid from_tap0 | grep -c counter')
  const before = await counted()
  await space.sh('ip link set br0 mtu 65535') // more than a tap can have
  const failed = await nic('up', bridged)
  t.equal(failed.code, 1)
  t.match(failed.text, /the rules of tap0 in place is not undone: tap0 is up/)
  t.equal(await counted(), before)
  t.match(await flagsOf(space, 'tap0'), /,UP.* master br0/)
})

t.test('an nft that says success and does nothing does not open a tap', { skip }, async (t) => {
  const { space, nic, file } = await openNode(t)
  mkdirSync(file('bin'))
  writeFileSync(file('bin/nft'), '#!/bin/sh\nexit 0\n', { mode: 0o755 })
  await space.sh(`mount --bind '${file('bin/nft')}' "$(command -v nft)"`)
  const { code, text } = await nic('up', bridged)
  t.equal(code, 1)
  t.match(text, /nft reports success, but chain netdev okeanid from_tap0 has 0 rules of \d+/)
  t.notMatch(await flagsOf(space, 'tap0'), /,UP|master/)
})

t.test('what the daemon was started with is not taken for the NIC’s', { skip }, async (t) => {
  const { nic, file } = await openNode(t)
  const stale = { IP: '192.0.2.99', NETWORK_NAME: 'old' }
  const { IP: __, ...without } = bridged
  // env is the daemon here, sh the script that Ganeti runs, and node is ours
  const daemon = ['env', ...Object.entries(stale).map(([name, value]) => `${name}=${value}`)]
  const variables = Object.entries({ ...without, NETWORK_NAME: 'pub' }).map(
    ([name, value]) => `${name}=${value}`,
  )
  const script = ['sh', '-c', '"$@"; exit $?', 'daemon', 'env', ...variables]
  t.same(await nic('up', {}, [...daemon, ...script]), { code: 0, text: '' })
  const record = readFileSync(file('lib/nics/taps/tap0.json'), 'utf8')
  t.notMatch(record, /192\.0\.2\.99|old/)
})

t.test('taps of instance communication are left to Ganeti', { skip }, async (t) => {
  const { space, nic } = await openNode(t)
  await space.sh('ip tuntap add gnt.com.0 mode tap')
  t.same(await nic('up', { ...routed, INTERFACE: 'gnt.com.0' }), { code: 0, text: '' })
  t.notMatch(await flagsOf(space, 'gnt.com.0'), /,UP/)
})

t.test('a guest that runs on another tap keeps what this host does for it', { skip }, async (t) => {
  const { space, nic } = await openNode(t)
  const onOther = { ...routed, INTERFACE: 'tap1' }
  const next = {
    ...routed,
    INTERFACE_UUID: bridged.INTERFACE_UUID.replace('e6', 'f6'),
    IP: '192.0.2.3',
  }
  t.same(await nic('up', routed), { code: 0, text: '' })
  await space.sh('ip link del dev tap0; ip tuntap add tap0 mode tap') // a restart: others take the names
  t.same(await nic('up', onOther), { code: 0, text: '' })
  t.same(await nic('up', next), { code: 0, text: '' })
  const proxies = await space.sh('ip neigh show proxy')
  t.match(proxies, /192\.0\.2\.2 dev br0/)
  t.match(proxies, /192\.0\.2\.3 dev br0/)
})

t.test(
  'a tap of a new NIC has no record of its former one, also if it fails',
  { skip },
  async (t) => {
    const { space, nic, file } = await openNode(t)
    t.same(await nic('up', routed), { code: 0, text: '' })
    await space.sh('ip link del dev tap0; ip tuntap add tap0 mode tap')
    t.match(await nic('up', { ...bridged, LINK: 'br9', BRIDGE: 'br9' }), { code: 1 })
    t.notOk(existsSync(file('lib/nics/taps/tap0.json')))
    t.notMatch(await space.sh('ip neigh show proxy'), /192/)
  },
)

t.test(
  'a compiled configuration that is not understood is not taken for none',
  { skip },
  async (t) => {
    const { space, nic, file } = await openNode(t)
    writeFileSync(file('lib/nics/config.json'), '{"version":')
    const { code, text } = await nic('up', bridged)
    t.equal(code, 1)
    t.match(text, /config\.json is not understood: .*; okeanid config compile writes it anew\n$/)
    t.notMatch(await flagsOf(space, 'tap0'), /,UP|master/)
    writeFileSync(file('break-glass'), '')
    t.equal((await nic('up', bridged)).code, 0, 'broken glass')
    t.match(await flagsOf(space, 'tap0'), /,UP.* master br0/)
  },
)

t.test(
  'a guest that arrives goes on with addresses that it does not test again',
  { skip },
  async (t) => {
    const { space, nic } = await openNode(t)
    const learning = { ...bridged, NETWORK_SUBNET6: '2001:db8:1::/64' }
    const grace = () => space.sh('nft list set netdev okeanid grace')
    t.same(await nic('up', learning), { code: 0, text: '' })
    t.notMatch(await grace(), /tap0/)
    t.same(await nic('up', { ...learning, ACTION: 'up', MIGRATION_PHASE: 'pre' }), {
      code: 0,
      text: '',
    })
    t.match(await grace(), /"tap0"/)
  },
)

t.test('two NICs at once, and the same one twice at once', { skip }, async (t) => {
  const { space, nic } = await openNode(t)
  const other = {
    ...bridged,
    INTERFACE: 'tap1',
    MAC: 'aa:00:01:00:00:02',
    INTERFACE_INDEX: '1',
    IP: '192.0.2.3',
    INTERFACE_UUID: bridged.INTERFACE_UUID.replace('e6', 'f6'),
  }
  const ended = await Promise.all([nic('up', bridged), nic('up', other), nic('up', bridged)])
  t.same(
    ended,
    ended.map(() => ({ code: 0, text: '' })),
  )
  t.match(await space.sh('ip -o link show master br0'), /tap0.*\n.*tap1/)
})

t.test('nic plan prints what nic up would do, and does nothing', { skip }, async (t) => {
  const { space, nic, plan } = await openNode(t)
  const printed = await plan(bridged)
  t.equal(printed.code, 0)
  t.match(printed.text, /#! put the rules of tap0 in place\n.*ip link set dev tap0 up\n/s)
  t.notMatch(await rulesets(space), /tap0/)
  t.match(JSON.parse((await plan(bridged, '--json')).text), {
    nic: { tap: 'tap0' },
    steps: [{ kind: 'rules' }],
  })
  t.match(await plan({}, 'tap0'), { code: 1, text: /no record of tap0/ })
  await nic('up', bridged)
  t.equal((await plan({}, 'tap0')).text, printed.text)
})

t.test('what is installed does the same, with and without bytecode', { skip }, async (t) => {
  const { space, file } = await openNode(t)
  const bundle = path.resolve('dist/nic.cjs')
  execFileSync(process.execPath, ['scripts/bundle-hook.mjs', bundle])
  const [, script = ''] = /\/(nic-[0-9a-f]{16})/.exec(readFileSync(bundle, 'utf8')) ?? []
  const bytecode = `dist/${script}-${process.version}-${process.arch}.cache`
  const cachedData = readFileSync(bytecode)
  const source = readFileSync(`dist/${script}.js`, 'latin1')
  t.equal(new Script(source, { cachedData }).cachedDataRejected, false, 'this Node takes it')
  const places = ['--state-directory', file('lib'), '--runtime-directory', file('okeanid')]
  const nic = (env: Variables) => space.run([process.execPath, bundle, 'up', ...places], { env })
  t.same(await nic(bridged), { code: 0, text: '' })
  t.match(await flagsOf(space, 'tap0'), /,UP.* master br0/)
  t.match(readFileSync(file('lib/nics/taps/tap0.json'), 'utf8'), /"rulesDigest": "[0-9a-f]/)
  t.match(await nic({ ...bridged, LINK: 'br9', BRIDGE: 'br9' }), {
    code: 1,
    text: /^okeanid: NIC 0 of vm1\.example\.com \(tap0\): bridge br9 does not exist on this node\n$/,
  })
  for (const bytes of [cachedData.subarray(0, 9000), Buffer.alloc(9000)]) {
    writeFileSync(bytecode, bytes)
    t.same(await nic(bridged), { code: 0, text: '' }, 'damaged')
  }
  rmSync(bytecode)
  t.same(await nic(bridged), { code: 0, text: '' }, 'made by another Node')
})

t.test('a routed NIC has IPv6 also where interfaces have none by default', { skip }, async (t) => {
  const { space, nic } = await openNode(t)
  await space.sh('sysctl -qw net.ipv6.conf.default.disable_ipv6=1; ip tuntap add tap7 mode tap')
  const env = { ...routed, INTERFACE: 'tap7', NETWORK_SUBNET6: '2001:db8:1::/64' }
  t.same(await nic('up', { ...env, NETWORK_GATEWAY6: 'fe80::1' }), { code: 0, text: '' })
  t.match(await space.sh('ip -6 address show dev tap7'), /fe80::1\/64/)
})
