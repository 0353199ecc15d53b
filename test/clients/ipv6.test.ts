import t from 'tap'
import { type Capture, complaints, decoded, fields, openCapture } from '../support/capture.js'
import { beyond, type GuestNic, networks, openSite } from '../support/site.js'
import { siteUnavailable } from '../support/site-unavailable.js'
import { until } from '../support/until.js'
import { startAgent } from './agent.js'
import { startDhclient } from './dhclient.js'
import { startUdhcpc } from './udhcpc.js'

/** The router of routed guests: what the constant hardware address of all taps gives. */
const gateway = 'fe80::ce47:52ff:fe4e:4554'

t.test('IPv6', { skip: siteUnavailable() ?? false }, async (t) => {
  const site = await openSite()
  t.teardown(() => site[Symbol.asyncDispose]())
  const agent = await startAgent(site, { count: 0 })
  let count = 0
  /** A guest with a NIC that is known before its cable is plugged in, and a capture from then on. */
  const add = async (
    mode: 'bridged' | 'routed',
    changes: Readonly<Record<string, unknown>> = {},
  ): Promise<Watched> => {
    count += 1
    const { nics } = await site.addGuest(`six${count}`, { nics: [mode], binding: changes })
    const [nic] = nics
    if (nic === undefined) throw new Error('a guest without NIC')
    return { nic, capture: await openCapture(nic.guest, nic.device) }
  }
  const tagged = (mode: 'bridged' | 'routed', ...tags: readonly string[]) => ({
    network: { ...networks[mode], tags: [...networks[mode].tags, ...tags] },
  })
  // the real router of the bridge; it advertises on its own and when it hears a solicitation
  const dnsmasq = site.router.spawn([
    ...['dnsmasq', '--no-daemon', '--conf-file=/dev/null', '--port=0', '--interface=pub'],
    ...['--enable-ra', '--dhcp-range=2001:db8:1::,ra-only', '--dhcp-leasefile=/run/leases'],
  ])
  await dnsmasq.said(/router advertisement/i)
  const address = '2001:db8:2::c0de'
  const prefix = '2001:db8:100:f::'
  const guests = {
    slaac: await add('routed'),
    bridged: await add('bridged'),
    bridgedRa: await add('bridged', tagged('bridged', 'okeanid:ra')),
    stateless: await add('routed'),
    stateful: await add('routed', { ip6: address, ...tagged('routed', 'okeanid:dhcpv6') }),
    delegated: await add('routed', {
      delegated_prefix: `${prefix}/64`,
      ...tagged('routed', 'okeanid:dhcpv6'),
    }),
    no4: await add('routed', { ip: undefined }),
  }
  await agent.serves(count)
  t.jobs = 7

  t.test('the kernel’s SLAAC on a routed tap', { buffered: true }, async (t) => {
    const { nic, capture } = guests.slaac
    const { guest, device, ip6 } = nic
    await addressed(nic, ip6)
    t.match(await guest.sh('ip -6 route show default'), `via ${gateway} dev ${device} proto ra`)
    t.match(await guest.sh(`cat /proc/sys/net/ipv6/conf/${device}/mtu`), '1400')
    t.match(await guest.sh(`ping -6 -c 1 -W 2 ${beyond.ip6}`), '1 received')
    await capture.stop()
    // beside the answer there may be one of those that nobody asks for
    const answer = 'icmpv6.type == 134 && ipv6.dst != ff02::1'
    const advertised = await fields(capture.file, answer, [
      ...['eth.dst', 'ipv6.src', 'icmpv6.nd.ra.router_lifetime', 'icmpv6.opt.prefix.flag.l'],
    ])
    t.same(advertised, [[nic.mac, gateway, '1800', '0']], 'one answer, to it alone')
    t.same(await complaints(capture.file, [nic.hostMac]), [])

    t.test('and what rdisc6 reads in an advertisement', async (t) => {
      const { code, text } = await guest.run(['rdisc6', '-1', '-n', device])
      t.equal(code, 0)
      for (const wanted of [
        /Prefix +: 2001:db8:2::\/64/,
        /On-link +: +No/,
        /Autonomous address conf.: +Yes/,
        /Router lifetime +: +1800/,
        /MTU +: +1400/,
        /Recursive DNS server +: 2001:db8:ffff::53/,
        /DNS search list +: rt\.example\.com/,
        /Source link-layer address: CC:47:52:4E:45:54/,
        new RegExp(`from ${gateway}`),
      ])
        t.match(text, wanted)
    })
  })

  t.test(
    'a bridged tap that gets only IPv4 from us: the router alone answers',
    { buffered: true },
    async (t) => {
      const { nic, capture } = guests.bridged
      await addressed(nic, nic.ip6)
      t.match(await nic.guest.sh(`ping -6 -c 1 -W 2 ${beyond.ip6}`), '1 received')
      await capture.stop()
      t.same(await decoded(capture.file, `eth.src == ${nic.hostMac} && icmpv6.type == 134`), [])
    },
  )

  t.test(
    'a bridged tap with advertisements of ours: the router is heard as well',
    { buffered: true },
    async (t) => {
      const { nic, capture } = guests.bridgedRa
      await addressed(nic, nic.ip6)
      const router = (await site.router.sh('cat /sys/class/net/pub/address')).trim()
      await capture.saw(`icmpv6.type == 134 && eth.src == ${router}`)
      const [ours] = await fields(capture.file, `icmpv6.type == 134 && eth.src == ${nic.hostMac}`, [
        ...['icmpv6.nd.ra.router_lifetime', 'icmpv6.opt.rdnss'],
      ])
      t.same(ours, ['0', '2001:db8:1::53'], 'we are no router (RFC 4861 §6.2.3)')
      t.match(await nic.guest.sh(`ping -6 -c 1 -W 2 ${beyond.ip6}`), '1 received')
      await capture.stop()
      t.same(await complaints(capture.file, [nic.hostMac]), [])
    },
  )

  t.test('DHCPv6 without addresses: dhclient -6 -S', { buffered: true }, async (t) => {
    const { nic, capture } = guests.stateless
    await addressed(nic, nic.ip6)
    const client = startDhclient(nic, ['-6', '-S'])
    await client.next(/PRC: Done/)
    const read = await until('its script', async () => {
      const text = await nic.guest.sh('cat /etc/resolv.conf')
      return text.includes('nameserver') ? text : undefined
    })
    t.equal(read, 'search rt.example.com.\nnameserver 2001:db8:ffff::53\n')
    await client.program.stop()
    await capture.stop()
    t.same(await complaints(capture.file, [nic.hostMac]), [])
  })

  t.test(
    'DHCPv6 with the address of the binding: dhclient -6 -N',
    { buffered: true },
    async (t) => {
      const { nic, capture } = guests.stateful
      const { guest, tap, device } = nic
      await site.host.sh(`ip -6 route add ${address} dev ${tap}`)
      await linked(nic)
      const client = startDhclient(nic, ['-6', '-N'])
      await client.next(/PRC: Bound to lease/)
      await addressed(nic, address)
      t.match(await guest.sh(`ping -6 -c 1 -W 2 -I ${address} ${beyond.ip6}`), '1 received')
      const global = await guest.sh(`ip -6 -o addr show dev ${device} scope global`)
      t.notMatch(global, nic.ip6, 'it makes no address of its own beside')
      await client.program.stop()

      t.test('gives it up, and gets it again', async (t) => {
        await startDhclient(nic, ['-6', '-r']).program.ended
        const again = startDhclient(nic, ['-6', '-N'])
        await again.next(/PRC: Bound to lease/)
        await again.program.stop()
        await capture.stop()
        const types = await fields(capture.file, 'dhcpv6', ['dhcpv6.msgtype'])
        t.match(types.join(), /^1,2,3,7,8,7,/, 'the release is answered')
        t.same(await complaints(capture.file, [nic.hostMac]), [])
      })
    },
  )

  t.test('a prefix of its own: dhclient -6 -P', { buffered: true }, async (t) => {
    const { nic, capture } = guests.delegated
    const { guest, tap, device } = nic
    await linked(nic)
    const client = startDhclient(nic, ['-6', '-P'])
    await client.next(/PRC: Bound to lease/)
    t.match(client.lease().get('iaprefix'), `${prefix}/64`)
    const own = (await guest.sh(`ip -6 -o addr show dev ${device} scope link`)).match(
      /fe80::\S+(?=\/)/,
    )
    await site.host.sh(`ip -6 route add ${prefix}/64 via ${own} dev ${tap}`)
    await site.router.sh(`ip -6 route add 2001:db8:100::/48 via 2001:db8:3::2`)
    await guest.sh(`ip addr add ${prefix}1/128 dev lo`)
    await until('a default route', async () =>
      (await guest.sh('ip -6 route show default')) === '' ? undefined : true,
    )
    t.match(await guest.sh(`ping -6 -c 1 -W 2 -I ${prefix}1 ${beyond.ip6}`), '1 received')
    await client.program.stop()
    await capture.stop()
    t.same(await complaints(capture.file, [nic.hostMac]), [])
  })

  t.test(
    'a NIC without IPv4 at all: DHCPv4 stays silent, IPv6 works',
    { buffered: true },
    async (t) => {
      const { nic, capture } = guests.no4
      const client = startUdhcpc(nic)
      t.match(await client.next(), { kind: 'LABNOLEASE', event: 'leasefail' })
      await client.program.stop()
      await addressed(nic, nic.ip6)
      t.match(await nic.guest.sh(`ping -6 -c 1 -W 2 ${beyond.ip6}`), '1 received')
      await capture.stop()
      t.same(await decoded(capture.file, 'dhcp.type == 2'), [])
      t.same(await complaints(capture.file, [nic.hostMac]), [])
    },
  )
})

/** A NIC, and what passes there from the beginning. */
interface Watched {
  readonly nic: GuestNic
  readonly capture: Capture
}

/** Waits until an address has been found to be nobody else's. */
async function addressed({ guest, device }: GuestNic, address: string): Promise<void> {
  await until(`${address} on ${guest.name}`, async () => {
    const found = await guest.sh(`ip -6 -o addr show dev ${device} -tentative`)
    return found.includes(`${address}/`) || undefined
  })
}

/** Waits for the link-local address: before that dhclient does not begin. */
async function linked(nic: GuestNic): Promise<void> {
  await addressed(nic, nic.ip6.replace(/^2001:db8:2:0:/, 'fe80::'))
}
