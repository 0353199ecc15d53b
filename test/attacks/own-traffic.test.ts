import t from 'tap'
import { graceScript } from '#nic/rules/learn.js'
import { readClaims, restoreClaimLines } from '#nic/rules/learned.js'
import { cidr4, ifName, mac } from '../nic/rules/desired-nic.js'
import { siteUnavailable } from '../support/site-unavailable.js'
import { until } from '../support/until.js'
import { frame6, icmpFrame } from './frame6.js'
import {
  arp,
  broadcast,
  ethernet,
  etherType,
  icmp6,
  ip4,
  linkAddress,
  next,
  options,
  udp,
} from './frames.js'
import { claimCount, datagram, none, probe } from './learn-attacks.js'
import { openWorld, type World } from './world.js'

const reason = siteUnavailable()
const needsRoot = reason === undefined ? {} : { skip: reason }
const vrrp = { mac: '00:00:5e:00:01:07', ip: '192.0.2.77' } as const

/** What guests need in order to work, as frames with a mark; all of them must reach who is beyond. */
const needs: readonly (readonly [string, (world: World, mark: string) => Uint8Array])[] = [
  [
    'a DHCP client without address',
    ({ attacker }, mark) =>
      ethernet({
        to: broadcast,
        from: attacker.mac,
        type: etherType.ip,
        payload: ip4({
          from: '0.0.0.0',
          to: '255.255.255.255',
          payload: udp({ from: 68, to: 67, payload: Buffer.from(mark) }),
        }),
      }),
  ],
  [
    'a DHCPv6 client',
    (world, mark) => {
      const way = {
        from: world.attacker.linkLocal,
        to: { ip: 'ff02::1:2', mac: '33:33:00:01:00:02' },
      }
      const over = { from: way.from, to: way.to.ip }
      const payload = udp({ from: 546, to: 547, payload: Buffer.from(mark), over })
      return frame6(world, way, { nextHeader: next.udp, payload })
    },
  ],
  [
    'who joins an IPv4 group before it has an address',
    ({ attacker }, mark) =>
      ethernet({
        to: '01:00:5e:00:00:16',
        from: attacker.mac,
        type: etherType.ip,
        payload: ip4({
          from: '0.0.0.0',
          to: '224.0.0.22',
          protocol: 2,
          payload: Buffer.from(`\x22\0\0\0\0\0\0\0${mark}`, 'latin1'),
        }),
      }),
  ],
  [
    'who joins an IPv6 group before it has an address',
    (world, mark) => {
      const way = { from: '::', to: { ip: 'ff02::16', mac: '33:33:00:00:00:16' } }
      const report = icmp6(143, Buffer.concat([Buffer.alloc(4), Buffer.from(mark)]), {
        from: way.from,
        to: way.to.ip,
      })
      const payload = Buffer.concat([options(next.icmp), report])
      return frame6(world, way, { nextHeader: next.hopByHop, payload })
    },
  ],
  [
    'gratuitous ARP for its own address',
    ({ attacker }, mark) =>
      ethernet({
        to: broadcast,
        from: attacker.mac,
        type: etherType.arp,
        payload: arp({
          op: 1,
          sender: attacker.mac,
          senderIp: attacker.ip,
          targetIp: attacker.ip,
        }),
        mark,
      }),
  ],
  [
    'an ARP probe for its own address (RFC 5227)',
    ({ attacker }, mark) =>
      ethernet({
        to: broadcast,
        from: attacker.mac,
        type: etherType.arp,
        payload: arp({ op: 1, sender: attacker.mac, senderIp: '0.0.0.0', targetIp: attacker.ip }),
        mark,
      }),
  ],
  [
    'the RARP by which qemu tells where a guest has moved to',
    ({ attacker }, mark) =>
      ethernet({
        to: broadcast,
        from: attacker.mac,
        type: 0x8035,
        payload: arp({
          op: 3,
          sender: attacker.mac,
          senderIp: '0.0.0.0',
          target: attacker.mac,
          targetIp: '0.0.0.0',
        }),
        mark,
      }),
  ],
  [
    'a VRRP router’s hardware and network address, which a tag allows',
    (_, mark) =>
      ethernet({
        to: broadcast,
        from: vrrp.mac,
        type: etherType.arp,
        payload: arp({ op: 1, sender: vrrp.mac, senderIp: vrrp.ip, targetIp: vrrp.ip }),
        mark,
      }),
  ],
]

t.test('what guests need passes the rules', needsRoot, async (t) => {
  await using world = await openWorld('bridged')
  const { attacker, router } = world
  for (const policy of ['strict', 'prefix', 'learn', 'open'] as const) {
    await world.protect(policy, {
      attacker: {
        macs: [mac(attacker.mac), mac(vrrp.mac)],
        sources4: [cidr4(`${attacker.ip}/32`), cidr4(`${vrrp.ip}/32`)],
      },
    })
    for (const [index, [name, frame]] of needs.entries()) {
      const mark = `need-${policy}-${index}.`
      attacker.peer.send([frame(world, mark)])
      await t.resolves(world.beyond.saw(mark), `${name}, IPv6 ${policy}`)
    }
    for (const to of ['192.0.2.1', '2001:db8:1::1', '198.51.100.1', '2001:db8:ffff::1'])
      await t.resolves(
        attacker.space.sh(`ping -c 1 -W 5 ${to}; ping -c 1 -W 5 -s 4000 ${to}`),
        `the guest's own kernel reaches ${to}, in fragments as well, IPv6 ${policy}`,
      )
    await router.sh(`ip neigh flush dev pub; ping -c 1 -W 5 ${attacker.ip}`)
    t.pass(`and is found by ARP, IPv6 ${policy}`)
    await router.sh(`ip -6 neigh flush dev pub; ping -c 1 -W 5 ${attacker.ip6}`)
    t.pass(`and by neighbour discovery, IPv6 ${policy}`)
  }
})

t.test('addresses are learnt from the kernel of a guest', needsRoot, async (t) => {
  await using world = await openWorld('bridged')
  const { attacker, victim, host, router } = world
  const address = '2001:db8:1::5:5'
  await world.protect('learn', { victim: {} })

  await t.test('what it has tested it may use, and is found by', async (t) => {
    await attacker.space.sh(`ip -6 addr add ${address}/64 dev eth0
      while ip -6 addr show dev eth0 to ${address} | grep -q tentative; do sleep 0.02; done`)
    await attacker.space.sh(`ping -c 1 -W 5 -I ${address} 2001:db8:1::1`)
    await router.sh(`ip -6 neigh flush dev pub; ping -c 1 -W 5 ${address}`)
    t.equal(await claimCount(world, attacker), 1)
  })

  await t.test('another’s test of it reaches it, and its objection the other', async (t) => {
    await none(world, 'tentative') // two who test at once do not hear each other
    await victim.space.sh(`ip -6 addr add ${address}/64 dev eth0`)
    const state = await until('the end of the test', async () => {
      const text = await victim.space.sh(`ip -6 addr show dev eth0 to ${address}`)
      return /dadfailed/.test(text) || !text.includes('tentative') ? text : undefined
    })
    t.match(state, /dadfailed/)
    t.equal(await claimCount(world, victim), 0)
  })

  await t.test('new rules of the NIC keep what was learnt', async (t) => {
    await world.protect('learn', { victim: {}, keepsSets: true })
    await attacker.space.sh(`ping -c 1 -W 5 -I ${address} 2001:db8:1::1`)
    t.equal(await claimCount(world, attacker), 1)
  })

  await t.test('after a flush they can be put back', async (t) => {
    const claims = readClaims(JSON.parse(await host.sh('nft -j list sets netdev')))
    await world.protect('learn')
    t.equal(
      (await attacker.space.run(['ping', '-c1', '-W1', '-I', address, '2001:db8:1::1'])).code,
      1,
    )
    await world.load(`${restoreClaimLines(claims).join('\n')}\n`)
    await attacker.space.sh(`ping -c 1 -W 5 -I ${address} 2001:db8:1::1`)
  })

  await t.test('a guest that has moved here goes on, but not with what others have', async (t) => {
    await world.protect('learn', { victim: {} })
    await none(world, 'fresh')
    victim.peer.send([probe(world, victim, '2001:db8:1::6:6')])
    await world.settle()
    await none(world, 'fresh')
    await world.load(graceScript(ifName(attacker.tap)))
    attacker.peer.send([
      datagram(world, '2001:db8:1::6:6', 'grace-taken.'),
      datagram(world, victim.ip6, 'grace-reserved.'),
      datagram(world, '2001:db8:1::7:7', 'grace-free.'),
    ])
    await world.settle()
    t.same(
      ['grace-taken.', 'grace-reserved.', 'grace-free.'].map((mark) => world.beyond.count(mark)),
      [0, 0, 1],
    )
  })
})

t.test('rules that only observe count and let pass', needsRoot, async (t) => {
  await using world = await openWorld('bridged')
  const { attacker } = world
  for (const policy of ['strict', 'learn', 'open'] as const) {
    await world.protect(policy, { stance: 'observe' })
    const spoofed = ethernet({
      to: broadcast,
      from: 'aa:00:00:99:99:99',
      type: etherType.ip,
      payload: ip4({
        from: '10.1.2.3',
        to: '198.51.100.1',
        payload: udp({ from: 67, to: 68, payload: Buffer.from(`observe-${policy}.`) }),
      }),
    })
    const advert = icmpFrame(
      world,
      { from: world.gateway.linkLocal, to: { ip: 'ff02::1', mac: '33:33:00:00:00:01' } },
      { type: 134, body: Buffer.concat([Buffer.alloc(12), linkAddress(1, attacker.mac)]) },
    )
    const before = world.victim.peer.countBytes(advert)
    attacker.peer.send([spoofed, advert])
    await world.settle()
    t.equal(world.victim.peer.count(`observe-${policy}.`), 1)
    t.equal(world.victim.peer.countBytes(advert), before + 1)
    t.equal(await world.refused('ethernet-source'), 1)
    t.equal(await world.refused('dhcp4-server'), 1)
    t.equal(await world.refused('router-advertisement'), 1)
  }
  await world.protect('strict', { stance: 'disabled' })
  t.notMatch(await world.host.sh('nft list table netdev okeanid'), /chain/)
})
