import t from 'tap'
import { complaints, openCapture } from '../support/capture.js'
import { beyond, networks, openSite } from '../support/site.js'
import { siteUnavailable } from '../support/site-unavailable.js'
import { until } from '../support/until.js'
import { startAgent } from './agent.js'

/**
 * dhcpcd does everything itself: it looks by ARP whether its address is free, reads router advertisements, does DHCPv6, and
 * asks for what it had before.
 */
t.test('dhcpcd', { skip: siteUnavailable() ?? false }, async (t) => {
  const site = await openSite()
  t.teardown(() => site[Symbol.asyncDispose]())
  const tags = [...networks.routed.tags, 'okeanid:dhcpv6']
  const address6 = '2001:db8:2::beef'
  const { space, nics } = await site.addGuest('cd1', { nics: ['bridged'] })
  const routed = await site.addGuest('cd2', {
    nics: ['routed'],
    binding: { ip6: address6, network: { ...networks.routed, tags } },
  })
  const agent = await startAgent(site, { count: 2 })
  t.jobs = 2

  t.test('on a bridged tap: IPv4', { buffered: true }, async (t) => {
    const [nic] = nics
    if (nic === undefined) throw new Error('a guest without NIC')
    const capture = await openCapture(site.host, nic.tap)
    const dhcpcd = (): ReturnType<typeof space.spawn> =>
      space.spawn(['dhcpcd', '-B', '-d', '-4', nic.device])
    let client = dhcpcd()
    await client.said(new RegExp(`leased ${nic.ip} for 86400 seconds`))
    await client.said(/adding default route via 192\.0\.2\.1/)
    t.match(await space.sh(`ping -c 1 -W 2 ${beyond.ip}`), '1 received')
    t.match(await space.sh('ip route'), '10.99.0.0/16 via 192.0.2.9')
    t.match(await space.sh('ip route'), 'mtu 1400')
    await until('its hook', async () => {
      const text = await space.sh('cat /etc/resolv.conf')
      return text.includes('nameserver 192.0.2.53') || undefined
    })

    t.test('after a reboot it asks for the address that it had, and takes it', async (t) => {
      await space.cutPower()
      client = dhcpcd()
      await client.said(new RegExp(`acknowledged ${nic.ip} from 192\\.0\\.2\\.1`))
      t.notMatch(client.text(), /offered/, 'INIT-REBOOT (RFC 2131 §3.2)')
    })

    t.test(
      'after a reboot with another address it is refused, and takes the new one',
      async (t) => {
        await space.cutPower()
        site.bind(nic, { ip: '192.0.2.222' })
        await agent.knows(nic, { address: '192.0.2.222' })
        client = dhcpcd()
        await client.said(/NAK:? .*from 192\.0\.2\.1/)
        await client.said(/leased 192\.0\.2\.222/)
        await client.stop()
        await capture.stop()
        t.same(await complaints(capture.file, [nic.hostMac]), [])
      },
    )
  })

  t.test(
    'on a routed tap: IPv4, its router, and an address by DHCPv6',
    { buffered: true },
    async (t) => {
      const [nic] = routed.nics
      if (nic === undefined) throw new Error('a guest without NIC')
      const guest = routed.space
      const capture = await openCapture(site.host, nic.tap)
      await site.host.sh(`ip -6 route add ${address6} dev ${nic.tap}`)
      const client = guest.spawn(['dhcpcd', '-B', '-d', nic.device])
      await client.said(new RegExp(`leased ${nic.ip} for 86400 seconds`))
      // proxy ARP answers for every other address, but must not for the one that it looks for
      t.notMatch(client.text(), /in use|DECLINE/i)
      await client.said(/adding default route via fe80::ce47:52ff:fe4e:4554/)
      await until(address6, async () => {
        const found = await guest.sh(`ip -6 -o addr show dev ${nic.device} -tentative`)
        return found.includes(`${address6}/`) || undefined
      })
      t.match(await guest.sh(`ping -c 1 -W 2 ${beyond.ip}`), '1 received')
      t.match(await guest.sh(`ping -6 -c 1 -W 2 -I ${address6} ${beyond.ip6}`), '1 received')
      await guest.cutPower()
      await capture.stop()
      t.same(await complaints(capture.file, [nic.hostMac]), [])
    },
  )
})
