import t from 'tap'
import { type GuestNic, openSite } from '../support/site.js'
import { siteUnavailable } from '../support/site-unavailable.js'
import { responderStatus, startAgent } from './agent.js'
import { type Asked, asked, startAsking, startFlood, stopFlood } from './guest.js'
import { dhcpFrame } from './packets.js'

const flood = { perSecond: 20_000 }

/** What another guest wants meanwhile: 80 packets a second, within its own limit. */
const wanted = { count: 200, everyMs: 25 }
const config = '[responder]\nrate = 100\nburst = 100\n'

t.test('a tap that floods', { skip: siteUnavailable() ?? false }, async (t) => {
  const site = await openSite(config)
  t.teardown(() => site[Symbol.asyncDispose]())
  const one = async (name: string): Promise<GuestNic> => {
    const [nic] = (await site.addGuest(name, { nics: ['bridged'] })).nics
    if (nic === undefined) throw new Error('a guest without NIC')
    return nic
  }
  const [flooder, neighbour] = [await one('flooder'), await one('neighbour')]
  const agent = await startAgent(site, { count: 2 })

  const alone = await asked(startAsking(neighbour, { ...wanted, count: 100 }))
  t.same(
    { done: alone.done, retries: alone.retries, wrong: alone.wrong },
    { done: 100, retries: 0, wrong: 0 },
  )

  const frame = dhcpFrame({ type: 'discover', xid: 77, source: flooder.mac })
  const flooding = await startFlood(flooder, { frame, ...flood })
  const beganMs = performance.now()
  const meanwhile = await asked(startAsking(neighbour, wanted))
  const seconds = (performance.now() - beganMs) / 1000
  const sent = await stopFlood(flooding)

  t.test('loses nobody else’s exchange', (t) => {
    const { done, retries, wrong } = meanwhile
    t.same({ done, retries, wrong }, { done: wanted.count, retries: 0, wrong: 0 })
    t.end()
  })
  t.test('does not make the others wait', (t) => {
    t.comment(`p99 alone ${p99(alone).toFixed(2)} ms, meanwhile ${p99(meanwhile).toFixed(2)} ms`)
    // where cores are busy with other tests, a turn of the scheduler is all that is seen
    t.ok(p99(meanwhile) < Math.max(5 * p99(alone), 50))
    t.end()
  })
  t.test('is heard, and limited', async (t) => {
    t.comment(`${Math.round(sent / seconds)} frames/s`)
    const { offer = 0, 'rate-limited': limited = 0 } = await agent.outcomes()
    t.ok(sent / seconds > flood.perSecond / 2, 'the flood was one')
    t.ok(limited > sent / 2)
    t.ok(
      offer < 100 + wanted.count + 200 + 100 * (seconds + 1),
      'its own bucket is all that it gets',
    )
    const queues = (await responderStatus(site))?.queues ?? []
    t.same(
      queues.map(({ waiting }) => waiting),
      queues.map(() => 0),
    )
  })
})

function p99({ timesMs }: Asked): number {
  return timesMs[Math.floor(timesMs.length * 0.99)] ?? Number.NaN
}
