import t from 'tap'
import { siteUnavailable } from '../support/site-unavailable.js'
import type { Program, Space } from '../support/space.js'
import {
  addressesOf,
  doors,
  type FirewallWorld,
  openFirewallWorld,
  outside,
} from './firewall-world.js'

const skip = siteUnavailable() ?? false
const timeout = 120_000

/** Listens on 9100 and says nothing, until a signal: then each connection gets a line. */
const silentServer = `
  const sockets = []
  require('net').createServer((socket) => sockets.push(socket)).listen(9100, '::', () => console.log('ready'))
  process.on('SIGUSR1', () => sockets.forEach((socket) => socket.write('hello\\n')))`

function node(space: Space, script: string): Program {
  return space.spawn([process.execPath, '-e', script])
}

/** A connection of the guest that has been silent since before there were rules. */
async function silentStream({ router, guest }: FirewallWorld) {
  const server = node(router.space, silentServer)
  await server.said(/ready/)
  const client = node(
    guest.space,
    `require('net').connect(9100, '${outside[4]}', () => console.log('connected'))
      .on('data', (data) => console.log(String(data)))`,
  )
  await client.said(/connected/)
  return { server, client }
}

t.test('a silent stream goes on when its guest gets a firewall', { skip, timeout }, async (t) => {
  await using world = await openFirewallWorld('routed')
  const { server, client } = await silentStream(world)
  await world.protect('protected')
  server.signal('SIGUSR1')
  await client.said(/hello/, { deadlineMs: 60_000 })
  t.pass('the far end was the first to speak again')

  await t.test('and then it needs no exception any more', async (t) => {
    await world.site.host.sh('nft flush set inet okeanid resuming')
    const from = client.text().length
    server.signal('SIGUSR1')
    await client.said(/hello/, { from, deadlineMs: 60_000 })
    t.pass('conntrack knows it')
  })
})

t.test('without the exception it would be cut', { skip, timeout }, async (t) => {
  await using world = await openFirewallWorld('routed')
  const { server, client } = await silentStream(world)
  await world.protect('protected')
  await world.site.host.sh('nft flush set inet okeanid resuming')
  server.signal('SIGUSR1')
  await t.rejects(client.said(/hello/, { deadlineMs: 3000 }))
  t.ok((await world.counted('firewall')) > 0, 'what the far end said was refused')
})

/** Counts what of the stream's answers enters the host, and what leaves it for the guest. */
const counters = `nft -f - <<'EOF'
table inet measure {
  chain entered { type filter hook prerouting priority -400; iifname "transit" tcp sport 9000 counter; }
  chain left { type filter hook postrouting priority 400; oifname "tap*" tcp sport 9000 counter; }
}
EOF`

/** Packets that have entered, and those that have left. */
async function measured({ site }: FirewallWorld): Promise<readonly number[]> {
  const listing = await site.host.sh('nft list table inet measure')
  return [...listing.matchAll(/packets (\d+)/g)].map(([, count]) => Number(count))
}

t.test(
  'rules are replaced under a running stream, and no packet is lost',
  { skip, timeout },
  async (t) => {
    await using world = await openFirewallWorld('routed')
    await world.protect('limited')
    await world.site.host.sh(counters)
    const stream = node(
      world.guest.space,
      `let bytes = 0
     const socket = require('net').connect(9000, '${outside[4]}', () => console.log('connected'))
     const block = Buffer.alloc(16384)
     setInterval(() => socket.write(block), 2)
     socket.on('data', (data) => { bytes += data.length })
     process.on('SIGUSR1', () => console.log('echoed', bytes))`,
    )
    await stream.said(/connected/)
    for (const profile of Array.from({ length: 10 }, () => ['protected', 'web', 'limited']).flat())
      await world.protect(profile)
    stream.signal('SIGUSR1')
    const [, bytes] = await stream.said(/echoed (\d+)/)
    t.ok(Number(bytes) > 100_000, `${bytes} bytes came back meanwhile`)
    await stream.stop()
    const [entered, left] = await measured(world)
    t.equal(left, entered, 'each packet that came went on')
  },
)

/** Sends one TCP segment with ACK alone to port 80, as scanners do; waits for what comes back. */
const ackScan = (address: string) => `python3 - <<'EOF'
import socket, struct
source = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); source.connect(('${address}', 1)); source = source.getsockname()[0]
header = struct.pack('!HHIIBBHHH', 40000, 80, 1, 1, 0x50, 0x10, 1000, 0, 0)
pseudo = socket.inet_aton(source) + socket.inet_aton('${address}') + struct.pack('!BBH', 0, 6, len(header)) + header
total = sum(struct.unpack('!%dH' % (len(pseudo) // 2), pseudo))
total = (total >> 16) + (total & 0xffff); total += total >> 16
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
raw.sendto(header[:16] + struct.pack('!H', ~total & 0xffff) + header[18:], ('${address}', 0))
raw.settimeout(1)
try:
  while raw.recv(100)[20:22] != struct.pack('!H', 80): pass
  print('answered')
except TimeoutError: print('silence')
EOF`

t.test('what is no answer gets in by no disguise', { skip, timeout }, async (t) => {
  await using world = await openFirewallWorld('routed')
  const { router, nic } = world
  const attacks = [
    {
      name: 'a datagram from port 53',
      reaches: async () => (await router.reaches(nic.ip, ['udp/7777@53'])).length > 0,
    },
    {
      name: 'a segment that seems to belong to a connection',
      reaches: async () => (await router.space.sh(ackScan(nic.ip))).includes('answered'),
    },
    {
      name: 'an IPv6 datagram from port 53',
      reaches: async () => (await router.reaches(nic.ip6, ['udp/7777@53'])).length > 0,
    },
  ]
  await world.protect('unprotected')
  for (const { name, reaches } of attacks) t.equal(await reaches(), true, `${name}, no firewall`)
  await world.protect('protected')
  await world.site.host.sh('nft flush set inet okeanid resuming')
  for (const { name, reaches } of attacks) t.equal(await reaches(), false, name)
})

t.test(
  'observing counts what would be refused, and refuses nothing',
  { skip, timeout },
  async (t) => {
    await using world = await openFirewallWorld('routed')
    const { router, nic } = world
    await world.protect('protected', { stance: 'observe' })
    t.same(await router.reaches(nic.ip, doors), doors)
    t.ok((await world.counted('firewall')) > 0)
  },
)

t.test('the host: what it may open at a guest, and a guest at it', { skip, timeout }, async (t) => {
  await using world = await openFirewallWorld('routed')
  const { host, guest, nic } = world
  const hostAddress = '198.51.100.130'
  const services = [{ protocol: 'tcp', ports: { first: 22, last: 22 }, sources: [] }] as const
  await world.protect('limited')
  t.same(await guest.reaches(hostAddress, doors), doors, 'a guest opens all where nothing is said')
  await world.protect('limited', { guard: { hostServices: services } })
  const pings = ['icmp', 'icmp/4000']
  t.same(await guest.reaches(hostAddress, doors), ['tcp/22', ...pings])
  for (const family of [4, 6] as const) {
    const reached = await host.reaches(addressesOf(nic)[family], doors)
    t.same(reached, ['tcp/22', 'tcp/3389', ...pings], `from the host, IPv${family}`)
  }
  t.same(await guest.reaches(outside[4], doors), doors, 'to the world as before')
})
