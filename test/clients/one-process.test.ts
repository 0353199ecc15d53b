import { fileURLToPath } from 'node:url'
import t from 'tap'
import { openSite } from '../support/site.js'
import { siteUnavailable } from '../support/site-unavailable.js'
import { startUdhcpc } from './udhcpc.js'

const program = fileURLToPath(new URL('../../agent/bin/okeanid.js', import.meta.url))

t.test(
  'an agent without --role is all roles: the responder serves from its thread, and all of it ends in order',
  { skip: siteUnavailable() ?? false },
  async (t) => {
    await using site = await openSite('[broker]\nenabled = no\n[ganeti]\nroot = /nonexistent\n')
    const { nics } = await site.addGuest('one', { nics: ['routed'] })
    const [nic] = nics
    if (nic === undefined) throw new Error('a guest without NIC')
    const agent = site.host.spawn([process.execPath, program, 'agent', '-c', site.configFile])
    await agent.said(/started role=all/)
    await agent.said(/rules-in-place .*taps=1/)
    {
      await using client = startUdhcpc(nic)
      t.match(await client.next(), { kind: 'LABLEASE', ip: nic.ip })
    }
    const { code, text } = await agent.stop('SIGTERM')
    t.equal(code, 0, text)
    t.match(text, /\nstopped/)
  },
)
