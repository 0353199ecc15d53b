import t from 'tap'
import { complaints, fields, openCapture } from '../support/capture.js'
import { beyond, networks, openSite } from '../support/site.js'
import { siteUnavailable } from '../support/site-unavailable.js'
import { until } from '../support/until.js'
import { startAgent } from './agent.js'
import { startUdhcpc } from './udhcpc.js'

/** The bridge's own link-local address. */
const gateway = 'fe80::a800:ff:fe00:b000'

t.test('a bridge whose host is the gateway', { skip: siteUnavailable() ?? false }, async (t) => {
  const site = await openSite()
  t.teardown(() => site[Symbol.asyncDispose]())
  // nothing but the host leads out of the bridge, which has the addresses of the network's gateway
  await site.host.sh(`
    ip link set uplink nomaster down
    ip addr add 192.0.2.1/24 dev br0
    ip addr add 2001:db8:1::1/64 dev br0 nodad`)
  await site.router.sh(`
    ip addr flush dev pub
    ip route add 192.0.2.0/24 via 198.51.100.130
    ip -6 route add 2001:db8:1::/64 via 2001:db8:3::2`)
  const tags = [...networks.bridged.tags, 'okeanid:ra', 'okeanid:gateway']
  const { space, nics } = await site.addGuest('gw1', {
    nics: ['bridged'],
    binding: { network: { ...networks.bridged, tags } },
  })
  const [nic] = nics
  if (nic === undefined) throw new Error('a guest without NIC')
  const capture = await openCapture(space, nic.device)
  await startAgent(site, { count: 1 })

  t.test('udhcpc has its lease, and reaches what is beyond the host', async (t) => {
    const client = startUdhcpc(nic)
    t.teardown(() => client[Symbol.asyncDispose]())
    t.match(await client.next(), { event: 'bound', ip: nic.ip, router: '192.0.2.1' })
    t.match(await space.sh(`ping -c 1 -W 2 ${beyond.ip}`), '1 received')
    client.program.signal('SIGUSR1')
    t.match(await client.next(), { event: 'renew', ip: nic.ip })
  })

  t.test('the kernel’s SLAAC: an address, and the host as its router', async (t) => {
    await until(`${nic.ip6}`, async () => {
      const found = await space.sh(`ip -6 -o addr show dev ${nic.device} -tentative`)
      return found.includes(`${nic.ip6}/`) || undefined
    })
    const route = await space.sh('ip -6 route show default')
    t.match(route, `via ${gateway} dev ${nic.device} proto ra`)
    t.match(await space.sh(`ping -6 -c 1 -W 2 ${beyond.ip6}`), '1 received')
  })

  t.test('rdisc6 reads a router’s advertisement, of a prefix that is on the link', async (t) => {
    const { code, text } = await space.run(['rdisc6', '-1', '-n', nic.device])
    t.equal(code, 0)
    for (const wanted of [
      /Router lifetime +: +1800/,
      /Prefix +: 2001:db8:1::\/64/,
      /On-link +: +Yes/,
      /Autonomous address conf.: +Yes/,
      /Recursive DNS server +: 2001:db8:1::53/,
      new RegExp(`from ${gateway}`),
    ])
      t.match(text, wanted)
  })

  t.test('and tshark has nothing to say against any of it', async (t) => {
    await capture.stop()
    const senders = await fields(capture.file, 'icmpv6.type == 134', ['eth.src'])
    t.same([...new Set(senders.flat())], [nic.hostMac], 'nobody else advertises')
    t.same(await complaints(capture.file, [nic.hostMac]), [])
  })
})
