import t from 'tap'
import { complaints, fields, openCapture } from '../support/capture.js'
import { beyond, networks, openSite } from '../support/site.js'
import { siteUnavailable } from '../support/site-unavailable.js'
import { until } from '../support/until.js'
import { startAgent } from './agent.js'
import { startUdhcpc } from './udhcpc.js'

/** What the script of busybox' client must have been told on each of the site's networks. */
const told = {
  bridged: {
    mask: '24',
    router: '192.0.2.1',
    serverid: '192.0.2.1',
    lease: '86400',
    dns: '192.0.2.53',
    domain: 'example.com',
    search: 'pub.example.com',
    mtu: '1400',
    ntp: '192.0.2.123',
    routes: '10.99.0.0/16 192.0.2.9 0.0.0.0/0 192.0.2.1',
  },
  routed: {
    mask: '24',
    router: '203.0.113.1',
    serverid: '203.0.113.1',
    lease: '86400',
    dns: '198.51.100.53',
    domain: 'example.com',
    search: 'rt.example.com',
    mtu: '1400',
    ntp: '198.51.100.123',
    routes: '10.99.0.0/16 203.0.113.9 0.0.0.0/0 203.0.113.1',
  },
} as const

t.test('busybox udhcpc', { skip: siteUnavailable() ?? false }, async (t) => {
  const site = await openSite()
  t.teardown(() => site[Symbol.asyncDispose]())
  const guests = {
    bridged: await site.addGuest('bb1', { nics: ['bridged'] }),
    routed: await site.addGuest('bb2', { nics: ['routed'] }),
    both: await site.addGuest('bb3', { nics: ['bridged', 'routed'] }),
  }
  const card = await site.addGuest('pxe1', {
    nics: ['bridged'],
    binding: { settings: { boot_1: 'arch:7+9 server:192.0.2.5 file:ipxe.efi' } },
  })
  const agent = await startAgent(site, { count: 5 })

  for (const mode of ['bridged', 'routed'] as const) {
    t.test(`on a ${mode} tap`, async (t) => {
      const { space, nics } = guests[mode]
      const [nic] = nics
      if (nic === undefined) throw new Error('a guest without NIC')
      const capture = await openCapture(space, nic.device)
      const client = startUdhcpc(nic)
      t.teardown(() => client[Symbol.asyncDispose]())

      t.test('is told everything that the network says', async (t) => {
        const lease = await client.next()
        const wanted = { event: 'bound', ip: nic.ip, hostname: space.name, ...told[mode] }
        t.match(lease, wanted)
      })

      t.test('reaches what is beyond its gateway, with the MTU that it was told', async (t) => {
        t.match(await space.sh(`ping -c 1 -W 2 ${beyond.ip}`), '1 received')
        t.match(await space.sh(`ip link show ${nic.device}`), 'mtu 1400')
        const [via] = networks[mode].tags.slice(-1)
        t.match(await space.sh('ip route'), `10.99.0.0/16 via ${via?.split(':').at(-1)}`)
      })

      t.test('renews', async (t) => {
        client.program.signal('SIGUSR1')
        t.match(await client.next(), { event: 'renew', ip: nic.ip, ...told[mode] })
      })

      t.test('releases its address, which is counted and not answered', async () => {
        const released = async () => (await agent.outcomes())['release'] ?? 0
        const before = await released()
        client.program.signal('SIGUSR2')
        await until('a RELEASE', async () => (await released()) === before + 1 || undefined)
      })

      t.test('exchanged packets that tshark has nothing to say against', async (t) => {
        await capture.stop()
        const names = ['dhcp.option.dhcp', 'ip.src', 'ip.dst', 'dhcp.ip.client']
        const messages = await fields(capture.file, 'dhcp', names)
        t.same(
          messages.slice(0, 4).map(([type]) => type),
          ['1', '2', '3', '5'],
        )
        const { serverid } = told[mode]
        t.same(messages[4], ['3', nic.ip, serverid, nic.ip], 'the renewal is unicast')
        t.same(messages[5], ['5', serverid, nic.ip, nic.ip], 'and so is its answer')
        // busybox may lose this answer to a socket that it is about to close, and then asks by broadcast
        t.equal(messages.at(-1)?.[0], '7')
        t.same(await complaints(capture.file, [nic.hostMac]), [])
      })
    })
  }

  t.test('in a guest with two NICs, one bridged and one routed', async (t) => {
    const { space, nics } = guests.both
    for (const nic of nics) {
      const client = startUdhcpc(nic)
      t.teardown(() => client[Symbol.asyncDispose]())
      t.match(await client.next(), { event: 'bound', ip: nic.ip, hostname: space.name })
    }
    for (const { ip, device } of nics)
      t.match(await space.sh(`ping -c 1 -W 2 -I ${device} ${beyond.ip}`), '1 received', ip)
  })

  t.test('gets the boot file of its architecture, as a network card would', async (t) => {
    const [nic] = card.nics
    if (nic === undefined) throw new Error('a guest without NIC')
    const capture = await openCapture(nic.guest, nic.device)
    const words = ['-x', '93:0007', '-V', 'PXEClient:Arch:00007:UNDI:003016', '-O', 'bootfile']
    const client = startUdhcpc(nic, words)
    t.teardown(() => client[Symbol.asyncDispose]())
    t.match(await client.next(), { event: 'bound', ip: nic.ip })
    await capture.stop()
    const names = ['dhcp.ip.server', 'dhcp.file']
    const told = await fields(capture.file, 'dhcp.option.dhcp == 2', names)
    t.same(told, [['192.0.2.5', 'ipxe.efi']])
    t.same(await complaints(capture.file, [nic.hostMac]), [])
  })
})
