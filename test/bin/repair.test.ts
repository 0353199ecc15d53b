import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { openHypervisor, type RuntimeNic } from '../support/hypervisor.js'
import { siteUnavailable } from '../support/site-unavailable.js'
import { openSpace, type Program, type Space } from '../support/space.js'
import { until } from '../support/until.js'

/** The nics role over real taps, rules and routes; only the guests' QEMU are other processes. */
const program = fileURLToPath(new URL('../../agent/bin/okeanid.js', import.meta.url))

const nicA: RuntimeNic = {
  tap: 'tap0',
  mac: 'aa:00:00:00:00:0a',
  uuid: '00000000-0000-4000-8000-00000000000a',
  mode: 'bridged',
  link: 'br0',
  ip: '192.0.2.10',
}
const nicB: RuntimeNic = {
  tap: 'tap1',
  mac: 'aa:00:00:00:00:0b',
  uuid: '00000000-0000-4000-8000-00000000000b',
  mode: 'bridged',
  link: 'br0',
  ip: '192.0.2.11',
}
const routed: RuntimeNic = {
  tap: 'tap2',
  mac: 'aa:00:00:00:00:0c',
  uuid: '00000000-0000-4000-8000-00000000000c',
  mode: 'routed',
  link: '100',
  ip: '192.0.2.12',
}

/** Two guests on a bridge and one that is routed, which run since before anything of ours. */
async function openNode(t: Test) {
  const host = await openSpace('repair')
  t.teardown(() => host[Symbol.asyncDispose]())
  const directory = path.join(host.directory, 'okeanid-test')
  mkdirSync(path.join(directory, 'run/nics'), { recursive: true })
  mkdirSync(path.join(directory, 'state/spool/nics'), { recursive: true })
  const config = path.join(directory, 'okeanid.ini')
  writeFileSync(
    config,
    `[ganeti]\nroot = ${directory}/root\n[agent]\nstate_directory = ${directory}/state\nruntime_directory = ${directory}/run\n[queueing]\nmanage = no\n`,
  )
  await host.sh(`ip link add br0 type bridge forward_delay 0; ip link set br0 up
    ip link add uplink type veth peer name beyond; ip link set uplink up; ip link set beyond up
    ip route add default dev uplink table 100`)
  const guests = [await openGuest(t, host, nicA), await openGuest(t, host, nicB)] as const
  await host.sh('ip link set tap0 master br0; ip link set tap1 master br0')
  await openGuest(t, host, routed)
  const hypervisor = openHypervisor(host, path.join(directory, 'root'))
  await hypervisor.start('vm1', [nicA])
  await hypervisor.start('vm2', [nicB])
  await hypervisor.start('vm3', [routed])
  const okeanid = (...words: readonly string[]) =>
    host.run([process.execPath, program, ...words, '-c', config])
  return {
    host,
    guests,
    hypervisor,
    directory,
    startRole: () =>
      host.spawn([process.execPath, program, 'agent', '--role', 'nics', '-c', config]),
    okeanid,
    records: () => readdirSync(path.join(directory, 'state/nics/taps')).sort(),
    rules: (tap: string) =>
      host
        .run(['nft', 'list', 'chain', 'netdev', 'okeanid', `from_${tap}`])
        .then(({ code, text }) => (code === 0 ? text : undefined)),
    async list() {
      const { code, text } = await okeanid('nic', 'list', '--json')
      if (code !== 0) throw new Error(text)
      return JSON.parse(text) as readonly Readonly<Record<string, unknown>>[]
    },
  }
}

/** A guest whose cable's end in the host stands in for its tap. */
async function openGuest(t: Test, host: Space, { tap, mac, ip }: RuntimeNic): Promise<Space> {
  const guest = await openSpace('guest')
  t.teardown(() => guest[Symbol.asyncDispose]())
  await host.sh(
    `ip link add ${tap} type veth peer name eth0 netns ${guest.pid}; ip link set ${tap} up`,
  )
  await guest.sh(
    `ip link set eth0 address ${mac} up; ip address add ${ip}/24 dev eth0; sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1`,
  )
  return guest
}

async function logged(role: Program, pattern: RegExp, from = 0): Promise<void> {
  await role.said(pattern, { from })
}

async function adopted(role: Program): Promise<void> {
  for (const tap of ['tap0', 'tap1', 'tap2'])
    await logged(role, new RegExp(`nic-adopted tap=${tap} `))
}

function tests(): void {
  t.test('running guests are adopted: observed, and nothing but rules is written', async (t) => {
    const node = await openNode(t)
    const look =
      'ip -br link; ip -4 route show table all; ip rule; ip neigh show nud permanent; ip neigh show proxy'
    const before = await node.host.sh(look)
    await using role = node.startRole()
    await adopted(role)
    t.equal(await node.host.sh(look), before)
    t.match(
      await node.rules('tap0'),
      /ether saddr != aa:00:00:00:00:0a counter packets \d+ bytes \d+ comment/,
    )
    await node.guests[0].sh('ip link set eth0 address aa:00:00:00:00:99')
    await node.guests[0].sh('ping -c1 -W5 192.0.2.11')
    const why = await node.okeanid('nic', 'why', 'vm1', '--seconds', '0')
    t.match(why.text, /would have been dropped .*its Ethernet source is not the NIC’s address/)
    t.same(
      (await node.list()).map(({ instance, tap, stance, isAdopted, state }) => [
        instance,
        tap,
        stance,
        isAdopted,
        state,
      ]),
      [
        ['vm1', 'tap0', 'observe', true, 'ok'],
        ['vm2', 'tap1', 'observe', true, 'ok'],
        ['vm3', 'tap2', 'observe', true, 'ok'],
      ],
    )
    await node.okeanid('nic', 'enforce', 'vm1')
    await logged(role, /nic-repaired tap=tap0/)
    const { code } = await node.guests[0].run(['ping', '-c1', '-W1', '192.0.2.11'])
    t.not(code, 0, 'enforced: the spoofed address is dropped')
    await node.guests[0].sh('ip link set eth0 address aa:00:00:00:00:0a')
    await node.guests[0].sh('ping -c1 -W5 192.0.2.11')
  })

  t.test('what others do to a NIC is undone, and only that', async (t) => {
    const node = await openNode(t)
    await using role = node.startRole()
    await adopted(role)
    await node.okeanid('nic', 'enforce')
    await logged(role, /nic-repaired tap=tap2 .*\n/)
    await until('all is well', async () => {
      const list = await node.list()
      return list.every(({ state, stance }) => state === 'ok' && stance === 'enforce') || undefined
    })
    const cases = [
      [
        'a rule that was deleted',
        'nft flush chain netdev okeanid from_tap0',
        'nft list chain netdev okeanid from_tap0 | grep -q ethernet-source',
      ],
      [
        'a rule that was added',
        'nft insert rule netdev okeanid from_tap1 accept',
        '! nft list chain netdev okeanid from_tap1 | grep -qx "[[:space:]]*accept"',
      ],
      [
        'a tap that left its bridge',
        'ip link set tap0 nomaster',
        'ip link show tap0 | grep -q "master br0"',
      ],
      ['a tap that is down', 'ip link set tap1 down', 'ip link show tap1 | grep -q ,UP'],
      [
        'a route that is gone',
        'ip route del 192.0.2.12 dev tap2 table 100; ip link set tap2 alias woken mtu 1499',
        'ip route show table 100 | grep -q 192.0.2.12',
      ],
      [
        'a rule for its table that is gone',
        'ip rule del iif tap2; ip link set tap2 mtu 1498',
        'ip rule | grep -q "iif tap2 lookup 100"',
      ],
      [
        'a neighbour that is gone',
        'ip neigh del 192.0.2.12 dev tap2; ip link set tap2 mtu 1497',
        'ip neigh show nud permanent | grep -q "192.0.2.12 dev tap2"',
      ],
      [
        'a proxy that is gone',
        'ip neigh del proxy 192.0.2.12 dev uplink; ip link set tap2 mtu 1496',
        'ip neigh show proxy | grep -q "192.0.2.12 dev uplink"',
      ],
      [
        'a setting of the tap',
        'echo 0 >/proc/sys/net/ipv4/conf/tap2/proxy_arp; ip link set tap2 mtu 1495',
        'grep -q 1 /proc/sys/net/ipv4/conf/tap2/proxy_arp',
      ],
    ] as const
    for (const [what, harm, mended] of cases) {
      await t.test(what, async (t) => {
        const from = role.text().length
        await node.host.sh(harm)
        await until(`${what} is mended`, async () =>
          (await node.host.run(['sh', '-c', mended])).code === 0 ? true : undefined,
        )
        await logged(role, /nic-repaired/, from)
        t.equal(
          role
            .text()
            .slice(from)
            .match(/nic-repaired/g)?.length,
          1,
          'one NIC, once',
        )
      })
    }
    const dry = await node.okeanid('nic', 'repair', '--dry-run')
    t.match(dry.text, /3 NICs, 0 not as decided; nothing was changed/)
  })

  t.test(
    'after nft flush ruleset all rules are back within a second, in one transaction',
    async (t) => {
      const node = await openNode(t)
      await using role = node.startRole()
      await adopted(role)
      const monitor = node.host.spawn(['stdbuf', '-oL', 'nft', 'monitor'])
      await using _monitor = monitor
      const from = role.text().length
      await until('nft monitor listens', async () => {
        await node.host.sh('nft add table ip ping; nft delete table ip ping')
        return /ping/.test(monitor.text()) ? true : undefined
      })
      const mark = monitor.text().length
      await node.host.sh('nft flush ruleset')
      await logged(role, /rules-back nics=3 open_ms=\d+/, from)
      const openMs = Number(/open_ms=(\d+)/.exec(role.text().slice(from))?.[1])
      t.comment(`open for ${openMs} ms`)
      for (const tap of ['tap0', 'tap1', 'tap2']) t.ok(await node.rules(tap), `rules of ${tap}`)
      const told = monitor.text().slice(mark)
      const adding = told
        .split(/^# new generation .*$/m)
        .filter((transaction) => /add rule netdev okeanid/.test(transaction))
      t.equal(adding.length, 1, 'one transaction brought all rules back')
    },
  )

  t.test('a stream of TCP under repair loses nothing and sends nothing again', async (t) => {
    const node = await openNode(t)
    await using role = node.startRole()
    await adopted(role)
    await node.okeanid('nic', 'enforce')
    await until('enforced', async () =>
      (await node.list()).every(({ stance, state }) => stance === 'enforce' && state === 'ok')
        ? true
        : undefined,
    )
    const [left, right] = node.guests
    const server = right.spawn(['python3', '-u', '-c', receiver])
    await using _server = server
    await server.said(/listens/)
    const resent = () => left.sh("nstat -asz TcpRetransSegs | awk '/Retrans/{print $2}'")
    const before = await resent()
    const client = left.spawn(['python3', '-u', '-c', sender])
    await using _client = client
    await client.said(/sends/)
    for (const harm of [
      'nft flush chain netdev okeanid from_tap0',
      'nft delete chain netdev okeanid from_tap1',
      'nft flush ruleset',
      'nft insert rule netdev okeanid from_tap0 counter',
    ]) {
      const from = role.text().length
      await node.host.sh(harm)
      await logged(role, /nic-repaired/, from)
    }
    client.signal('SIGTERM')
    const sent = await client.said(/sent (\d+)/)
    const got = await server.said(/got (\d+)/)
    t.equal(got[1], sent[1])
    t.ok(Number(sent[1]) > 100_000)
    t.equal(await resent(), before, 'no segment was sent twice')
  })

  t.test(
    'a tap that goes takes its rules, routes, proxies, binding and record along',
    async (t) => {
      const node = await openNode(t)
      await using role = node.startRole()
      await adopted(role)
      await node.okeanid('nic', 'enforce')
      await until('the proxy', async () =>
        /192.0.2.12 dev uplink/.test(await node.host.sh('ip neigh show proxy')) ? true : undefined,
      )
      await node.hypervisor.crash('vm3')
      t.ok(await node.rules('tap2'), 'its tap is still there: so are its rules')
      await node.host.sh('ip link del tap2')
      await logged(role, /nic-gone tap=tap2/)
      t.notMatch(await node.host.sh('ip rule; ip neigh show proxy'), /tap2|192.0.2.12/)
      t.equal(await node.rules('tap2'), undefined)
      t.same(node.records(), ['tap0.json', 'tap1.json'])
      t.same(readdirSync(path.join(node.directory, 'run/nics')).sort(), ['tap0.json', 'tap1.json'])
    },
  )

  t.test('who holds the lock of a tap is let be', async (t) => {
    const node = await openNode(t)
    await using role = node.startRole()
    await adopted(role)
    const lock = path.join(node.directory, 'run/locks/taps/tap0')
    const holder = node.host.spawn(['flock', lock, 'sh', '-c', 'echo held; read nothing; sleep 60'])
    await using _holder = holder
    await holder.said(/held/)
    const from = role.text().length
    await node.host.sh(
      'nft delete chain netdev okeanid from_tap0; nft delete chain netdev okeanid from_tap1',
    )
    await logged(role, /nic-repaired tap=tap1/, from)
    t.equal(await node.rules('tap0'), undefined)
    await holder.stop('SIGKILL')
    await node.host.sh(`fuser -k ${lock} || true`)
    await logged(role, /nic-repaired tap=tap0/, from)
  })

  t.test(
    'disabled for a while: survives a restart of the role, then what was said before holds',
    async (t) => {
      const node = await openNode(t)
      {
        await using role = node.startRole()
        await adopted(role)
        await node.okeanid('nic', 'enforce', 'vm1')
        await logged(role, /nic-repaired tap=tap0/)
        const from = role.text().length
        await node.okeanid('nic', 'disable', 'vm1', '--for', '12s')
        await logged(role, /nic-repaired tap=tap0/, from)
        t.equal(await node.rules('tap0'), undefined)
        await node.host.sh('nft flush ruleset')
        await logged(role, /rules-back/, from)
        t.equal(await node.rules('tap0'), undefined, 'survives repair')
      }
      t.ok(await node.rules('tap1'), 'a role that has ended leaves rules in place')
      await using role = node.startRole()
      await logged(role, /started/)
      await logged(role, /nic-repaired tap=tap0 .*its rules are missing/)
      t.match(await node.rules('tap0'), /ethernet-source/)
      t.equal((await node.list())[0]?.['stance'], 'enforce')
    },
  )

  t.test('tags that the master tells change the rules of a running guest', async (t) => {
    const node = await openNode(t)
    await using role = node.startRole()
    await adopted(role)
    mkdirSync(path.join(node.directory, 'state/spool/desired'), { recursive: true })
    const from = role.text().length
    const told = {
      version: 1,
      instance: 'vm1',
      tags: ['okeanid:stance:enforce', 'okeanid:allow:0:192.0.2.77'],
      time: Date.now() / 1000 + 5,
    }
    writeFileSync(path.join(node.directory, 'state/spool/desired/vm1.json'), JSON.stringify(told))
    await node.okeanid('nic', 'repair')
    t.match(await node.rules('tap0'), /192\.0\.2\.77/)
    t.notMatch(await node.rules('tap0'), / drop /, 'an adopted NIC is not enforced by a tag')
    t.ok(role.text().length >= from)
  })
}

const receiver = `
import socket
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('', 5000)); s.listen(); print('listens')
c, _ = s.accept(); n = 0
while True:
    part = c.recv(65536)
    if not part: break
    n += len(part)
print('got', n)`

/** Some MB a second, so that a packet is always under way. */
const sender = `
import signal, socket, time
ended = False
def end(*_):
    global ended
    ended = True
signal.signal(signal.SIGTERM, end)
c = socket.create_connection(('192.0.2.11', 5000)); print('sends'); n = 0
while not ended:
    c.sendall(b'x' * 1000); n += 1000
    time.sleep(0.0005)
c.close(); print('sent', n)`

const lack = siteUnavailable()
if (lack === undefined) tests()
else t.plan(0, lack)
