import t from 'tap'
import { complaints, fields, openCapture } from '../support/capture.js'
import { beyond, type GuestNic, openSite } from '../support/site.js'
import { siteUnavailable } from '../support/site-unavailable.js'
import { startAgent } from './agent.js'
import { startDhclient } from './dhclient.js'

const bound = /bound to (\S+) -- renewal in (\d+) seconds/

/** Guests renew within seconds here, so that states RENEWING and REBINDING come by themselves. */
const config = '[dhcp]\nlease = 60s\nrenew = 2s\nrebind = 5s\n'

t.test('ISC dhclient', { skip: siteUnavailable() ?? false }, async (t) => {
  const site = await openSite(config)
  t.teardown(() => site[Symbol.asyncDispose]())
  const one = async (name: string, mode: 'bridged' | 'routed'): Promise<GuestNic> => {
    const { nics } = await site.addGuest(name, { nics: [mode] })
    const [nic] = nics
    if (nic === undefined) throw new Error('a guest without NIC')
    return nic
  }
  const nics = { bridged: await one('isc1', 'bridged'), routed: await one('isc2', 'routed') }
  const agent = await startAgent(site, { count: 2 })
  t.jobs = 2

  for (const mode of ['bridged', 'routed'] as const) {
    t.test(`on a ${mode} tap`, { buffered: true }, async (t) => {
      const nic = nics[mode]
      const { guest, device } = nic
      const network = mode === 'bridged' ? '192.0.2' : '203.0.113'
      const capture = await openCapture(guest, device)
      let client = startDhclient(nic)
      t.teardown(() => client[Symbol.asyncDispose]())

      t.test('takes lease times, routes, name servers and its name', async (t) => {
        t.equal((await client.next(bound))[1], nic.ip)
        t.match(Object.fromEntries(client.lease()), {
          'fixed-address': nic.ip,
          'option subnet-mask': '255.255.255.0',
          'option routers': `${network}.1`,
          'option dhcp-server-identifier': `${network}.1`,
          'option dhcp-lease-time': '60',
          'option dhcp-renewal-time': '2',
          'option dhcp-rebinding-time': '5',
          'option broadcast-address': `${network}.255`,
          'option interface-mtu': '1400',
          'option host-name': `"${guest.name}"`,
          'option domain-name': '"example.com"',
        })
        t.equal(await guest.sh('hostname'), `${guest.name}\n`)
        t.match(await guest.sh('cat /etc/resolv.conf'), /nameserver (192\.0\.2|198\.51\.100)\.53/)
        t.match(await guest.sh('ip route'), `10.99.0.0/16 via ${network}.9`)
        t.match(await guest.sh(`ip link show ${device}`), 'mtu 1400')
        t.match(await guest.sh(`ping -c 1 -W 2 ${beyond.ip}`), '1 received')
      })

      t.test('renews when T1 has come, by unicast', async () => {
        await client.next(new RegExp(`DHCPREQUEST for ${nic.ip} on ${device} to ${network}\\.1`))
        await client.next(bound)
      })

      t.test('rebinds when T2 has come and nobody answered before, by broadcast', async () => {
        // dhclient sends unicast by an ordinary socket, broadcast past the firewall
        const rule = 'OUTPUT -p udp --dport 67 -j DROP'
        await guest.sh(`iptables -w -A ${rule}`)
        await client.next(new RegExp(`DHCPREQUEST for ${nic.ip} on ${device} to 255`))
        await client.next(bound)
        await guest.sh(`iptables -w -D ${rule}`)
      })

      t.test('is refused its former address after a reboot, and takes the new one', async (t) => {
        await client.program.stop('SIGKILL')
        const ip = nic.ip.replace(/\d+$/, '200')
        site.bind(nic, { ip })
        await agent.knows(nic, { address: ip })
        client = startDhclient(nic)
        await client.next(new RegExp(`DHCPREQUEST for ${nic.ip} on ${device} to 255`))
        await client.next(/DHCPNAK from/)
        t.equal((await client.next(bound))[1], ip)
      })

      t.test('exchanged packets that tshark has nothing to say against', async (t) => {
        await client.program.stop()
        await capture.stop()
        const naks = await fields(capture.file, 'dhcp.option.dhcp == 6', ['eth.dst', 'ip.dst'])
        t.same(naks, [['ff:ff:ff:ff:ff:ff', '255.255.255.255']], 'RFC 2131 §4.3.2')
        t.same(await complaints(capture.file, [nic.hostMac]), [])
      })
    })
  }
})
