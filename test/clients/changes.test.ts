import t from 'tap'
import { complaints, openCapture } from '../support/capture.js'
import { type GuestNic, networks, openSite } from '../support/site.js'
import { siteUnavailable } from '../support/site-unavailable.js'
import { startAgent } from './agent.js'
import { startUdhcpc } from './udhcpc.js'

t.test('while the agent runs', { skip: siteUnavailable() ?? false }, async (t) => {
  t.jobs = 2
  for (const mode of ['bridged', 'routed'] as const) {
    t.test(`on a ${mode} tap`, { buffered: true }, async (t) => {
      const site = await openSite()
      t.teardown(() => site[Symbol.asyncDispose]())
      const agent = await startAgent(site, { count: 0 })
      const { nics } = await site.addGuest('late', { nics: [mode], binding: undefined })
      const [nic] = nics
      if (nic === undefined) throw new Error('a guest without NIC')
      const capture = await openCapture(site.host, nic.tap)

      t.test('a tap without binding is left alone', async (t) => {
        const before = await agent.outcomes()
        t.match(await lease(nic), { kind: 'LABNOLEASE' })
        t.same(await agent.outcomes(), before)
      })

      t.test('a binding that comes after its tap is served', async (t) => {
        site.bind(nic)
        await agent.serves(1)
        t.match(await lease(nic), { event: 'bound', ip: nic.ip, mtu: '1400' })
      })

      t.test('a tap that is made anew under the same name is served', async (t) => {
        await capture.stop()
        await site.plug(nic)
        await agent.serves(1)
        t.match(await lease(nic), { event: 'bound', ip: nic.ip })
      })

      t.test('another address, MTU and name server by network tag hold at once', async (t) => {
        const ip = nic.ip.replace(/\d+$/, '240')
        const network = { ...networks[mode], tags: ['nfdhcpd', 'okeanid:mtu:1300'] }
        const tags = [...network.tags, 'okeanid:dns:192.0.2.77', 'okeanid:lease:2h']
        site.bind(nic, { ip, network: { ...network, tags } })
        await agent.knows(nic, { address: ip })
        const wanted = { ip, mtu: '1300', dns: '192.0.2.77', lease: '7200' }
        t.match(await lease(nic), { event: 'bound', ...wanted })
      })

      t.test('a binding that is taken away is served no longer', async (t) => {
        const again = await openCapture(site.host, nic.tap)
        site.unbind(nic)
        await agent.serves(0)
        t.match(await lease(nic), { kind: 'LABNOLEASE' })
        await again.stop()
        t.same(await complaints(capture.file, [nic.hostMac]), [])
      })

      t.test('a binding that comes before its tap is served with the tap', async (t) => {
        await site.host.sh(`ip link del dev ${nic.tap}`)
        site.bind(nic)
        await site.plug(nic)
        await agent.serves(1)
        t.match(await lease(nic), { event: 'bound', ip: nic.ip })
      })

      t.test('a damaged binding takes nothing away', async (t) => {
        site.bind(nic, { ip: 'not an address' })
        await agent.responder.said(/binding-unusable/)
        t.match(await lease(nic), { event: 'bound', ip: nic.ip })
      })
    })
  }
})

/** Boots a client in the guest, once; what it was told. */
async function lease(nic: GuestNic): Promise<Readonly<Record<string, string>>> {
  await using client = startUdhcpc(nic)
  return await client.next()
}
