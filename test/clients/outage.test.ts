import t from 'tap'
import { decoded, openCapture } from '../support/capture.js'
import { type GuestNic, networks, openSite } from '../support/site.js'
import { siteUnavailable } from '../support/site-unavailable.js'
import { until } from '../support/until.js'
import { responderStatus, startAgent } from './agent.js'
import { asked, startAsking } from './guest.js'
import { startUdhcpc } from './udhcpc.js'

/** Beside real servers nobody is to be told two things: the one on the bridge has addresses of its own. */
const theirs = '192.0.2.50'

t.test('a responder that is killed', { skip: siteUnavailable() ?? false }, async (t) => {
  const site = await openSite('[responder]\nrate = 10000\nburst = 10000\n')
  t.teardown(() => site[Symbol.asyncDispose]())
  const one = async (name: string, binding?: object): Promise<GuestNic> => {
    const guest = await site.addGuest(name, { nics: ['bridged'], binding: { ...binding } })
    const [nic] = guest.nics
    if (nic === undefined) throw new Error('a guest without NIC')
    return nic
  }
  const tags = [...networks.bridged.tags, 'okeanid:when-down:drop']
  const passing = await one('passing')
  const dropping = await one('dropping', { network: { ...networks.bridged, tags } })
  const busy = [await one('busy1'), await one('busy2')]
  const agent = await startAgent(site, { count: 4 })
  const dnsmasq = site.router.spawn([
    ...['dnsmasq', '--no-daemon', '--conf-file=/dev/null', '--port=0', '--interface=pub'],
    ...['--no-ping', `--dhcp-range=${theirs},${theirs},2m`, '--dhcp-leasefile=/run/leases'],
  ])
  await dnsmasq.said(/DHCP, IP range/)

  t.test('while it lives, no server behind hears of its guests', async (t) => {
    await using client = startUdhcpc(passing)
    t.match(await client.next(), { event: 'bound', ip: passing.ip })
    t.notMatch(dnsmasq.text(), /DHCPDISCOVER/)
  })

  t.test('comes back under load, and no exchange is lost', async (t) => {
    const asking = busy.map((nic) => startAsking(nic, { count: 400, retryMs: 100, tries: 50 }))
    const acks = async (): Promise<number> => (await agent.outcomes())['ack'] ?? 0
    await until('the midst of it', async () => (await acks()) > 100 || undefined, { everyMs: 5 })
    await agent.responder.stop('SIGKILL')
    const beganMs = performance.now()
    agent.responder = site.startRole('responder')
    await agent.responder.said(/^started /m)
    // 0.3 s on a quiet machine (docs/performance.md); how long it takes on a busy one says nothing
    t.comment(`started after ${Math.round(performance.now() - beganMs)} ms`)
    t.equal((await responderStatus(site))?.nics.served, 4, 'no binding is lost')
    for (const result of await Promise.all(asking.map(asked))) {
      t.equal(result.done, 400)
      t.comment(`longest exchange ${Math.round(result.timesMs.at(-1) ?? 0)} ms`)
    }
  })

  t.test('with when_down = pass the server behind it answers meanwhile', async (t) => {
    await agent.responder.stop('SIGKILL')
    await using client = startUdhcpc(passing)
    t.match(await client.next(), { event: 'bound', ip: theirs })
  })

  t.test('with when_down = drop nobody does', async (t) => {
    const behind = await openCapture(site.router, 'pub')
    await using client = startUdhcpc(dropping)
    t.match(await client.next(), { kind: 'LABNOLEASE' })
    await behind.stop()
    t.same(await decoded(behind.file, `dhcp && eth.src == ${dropping.mac}`), [])
  })

  t.test('and both are served again, each with its own address', async (t) => {
    agent.responder = site.startRole('responder')
    await agent.serves(4)
    for (const nic of [passing, dropping]) {
      await using client = startUdhcpc(nic)
      t.match(await client.next(), { event: 'bound', ip: nic.ip })
    }
  })
})
