import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { responderStatus, startAgent } from '../clients/agent.js'
import { startUdhcpc } from '../clients/udhcpc.js'
import { openSite } from '../support/site.js'
import { siteUnavailable } from '../support/site-unavailable.js'
import { until } from '../support/until.js'

/** A million by `FUZZ_PACKETS=1000000 npm run fuzz:queue`. */
const wantedCount = Number(process.env['FUZZ_PACKETS'] ?? 60_000)
const sender = fileURLToPath(new URL('./send-mutated.js', import.meta.url))
const perSecond = 40_000

t.test(
  'packets of every kind through the real queue: nothing waits, nothing breaks, guests are served',
  { skip: siteUnavailable() ?? false, timeout: 600_000 },
  async (t) => {
    await using site = await openSite('[responder]\nrate = 100000\nburst = 100000\n')
    const guests = [
      await site.addGuest('routed', { nics: ['routed'] }),
      await site.addGuest('bridged', { nics: ['bridged'] }),
    ]
    await using agent = await startAgent(site, { count: 2 })
    const received = async (): Promise<number> =>
      Object.values(await agent.outcomes()).reduce((sum, count) => sum + count, 0)
    const rssBytes = (): number =>
      Number(
        /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${agent.responder.pid}/status`, 'utf8'))?.[1],
      ) * 1024
    const rss: number[] = []
    for (let round = 1; (await received()) < wantedCount; round++) {
      const programs = guests.map(({ space, nics }, index) =>
        space.run([
          process.execPath,
          sender,
          nics[0]?.device ?? '',
          String(wantedCount / 4),
          String(round * 2 + index),
          String(perSecond / 2),
        ]),
      )
      for (const { code, text } of await Promise.all(programs))
        if (code !== 0) throw new Error(text)
      rss.push(rssBytes())
      if (round === 40) throw new Error('too little of what is sent is queued')
    }
    await until('no packet to wait for a verdict', async () => {
      const status = await responderStatus(site)
      return status?.queues.every(({ waiting }) => waiting === 0) || undefined
    })
    const status = await responderStatus(site)
    t.comment(
      `${await received()} packets came out of the queues: ${JSON.stringify(status?.outcomes)}`,
    )
    t.comment(
      `memory after each round: ${rss.map((bytes) => Math.round(bytes / 1024 ** 2)).join(', ')} MiB`,
    )
    t.equal(status?.outcomes['internal-error'] ?? 0, 0)
    t.equal(agent.responder.text().includes('uncaught'), false)
    t.ok(Math.max(...rss) < 200 * 1024 ** 2)
    for (const { nics } of guests) {
      const [nic] = nics
      if (nic === undefined) throw new Error('a guest without NIC')
      await using client = startUdhcpc(nic)
      t.match(
        await client.next(),
        { kind: 'LABLEASE', ip: nic.ip },
        `${nic.mode}: a real client is served`,
      )
    }
  },
)
