import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Inbox } from '../support/inbox.js'
import { until } from '../support/until.js'
import type { Lab } from './lab.js'

/** What became of jobs, leases and pings while something was done. */
export interface Disturbance {
  readonly what: string
  readonly seconds: number
  readonly jobs: number
  readonly eventsLost: number
  readonly leases: number
  readonly leasesFailed: number
  readonly pings: number
  readonly pingsLost: number
}

/** Jobs, renewals and pings that go on until they are ended. */
export interface Load extends AsyncDisposable {
  /** Does something meanwhile, and tells what became of them. At least one job, renewal and ping each fall into it. */
  during(what: string, work: () => Promise<unknown>): Promise<Disturbance>
}

/** The guests that a load needs: one that is told jobs, one that renews its lease and is pinged. */
export interface LoadGuests {
  readonly changed: string
  readonly renewing: { readonly name: string; readonly ip: string }
}

/**
 * In the guest: asks for a lease again and again, each time as a client that was just started: three tries three seconds apart,
 * udhcpc's own, before it gives up; what it is told goes to the console file, one line each.
 */
const renewing = `{ (while :; do if udhcpc -i eth0 -n -q -t 3 -T 3 -s /bin/true >/dev/null 2>&1; then say LABRENEW ok; else say LABRENEW failed; sleep 1; fi; done) & }`

/** How long the last events may take to come. */
const settleMs = 120_000

/** Starts jobs on one guest after the other, the renewals and the pings. */
export async function openLoad(
  lab: Lab,
  inbox: Inbox,
  { changed, renewing: guest }: LoadGuests,
): Promise<Load> {
  await lab.vm.sh(guest.name, renewing)
  const pings = { sent: 0, answered: new Set<number>() }
  const ping = lab.hubSpawn(['ping', '-n', '-O', '-i', '0.2', guest.ip])
  createInterface({ input: ping.stdout }).on('line', (line) => {
    const number = Number(/icmp_seq=(\d+)/.exec(line)?.[1] ?? 0)
    pings.sent = Math.max(pings.sent, number)
    if (/bytes from/.test(line)) pings.answered.add(number)
  })
  const stop = new AbortController()
  const jobs = (async () => {
    for (let turn = 0; !stop.signal.aborted; turn++) {
      const memory = `maxmem=${170 + (turn % 2)}`
      await lab.gnt(['gnt-instance', 'modify', '-B', memory, `${changed}.lab.example`])
    }
  })()
  jobs.catch(() => undefined) // told by during()

  /** Of all nodes: the guest goes on elsewhere after a migration. */
  function renewals(): { readonly ok: number; readonly failed: number } {
    const files = lab.nodes.map((node) => lab.path(node, `var/log/lab/${guest.name}.con`))
    const text = files.map((file) => (existsSync(file) ? readFileSync(file, 'latin1') : '')).join()
    const count = (word: string) => text.split(`LABRENEW ${word}`).length - 1
    return { ok: count('ok'), failed: count('failed') }
  }

  /** Job -> how it ended, of those that have. */
  async function ended(): Promise<ReadonlyMap<number, string>> {
    const list = ['gnt-job', 'list', '--no-headers', '--separator=:', '-o', 'id,status']
    const rows = (await lab.gnt(list)).trim().split('\n')
    return new Map(
      rows.flatMap((row) => {
        const [id, status = ''] = row.split(':')
        return ['success', 'error', 'canceled'].includes(status) ? [[Number(id), status]] : []
      }),
    )
  }

  const isHeard = (id: number, status: string) =>
    inbox
      .ofJob(id)
      .some(({ body }) => body['type'] === 'ganeti-job-status' && body['status'] === status)

  await until('a first renewal', () => (renewals().ok > 0 ? true : undefined), {
    deadlineMs: settleMs,
    everyMs: 500,
  })
  return {
    async during(what, work) {
      const before = { jobs: await ended(), leases: renewals(), sent: pings.sent }
      const startMs = performance.now()
      await Promise.race([work(), jobs])
      const seconds = (performance.now() - startMs) / 1000
      const news = async () => [...(await ended())].filter(([id]) => !before.jobs.has(id))
      await until(
        'a job, a renewal and a ping',
        async () => {
          const leases = renewals()
          const isMore = leases.ok > before.leases.ok && pings.sent > before.sent + 1
          return isMore && (await news()).length > 0 ? true : undefined
        },
        { deadlineMs: settleMs, everyMs: 500 },
      )
      const done = await news()
      const missing = () => done.filter(([id, status]) => !isHeard(id, status)).length
      await until('all events', () => (missing() === 0 ? true : undefined), {
        deadlineMs: settleMs,
      }).catch(() => undefined) // the figure tells it
      const leases = renewals()
      const last = pings.sent - 1 // the newest may still be on its way
      let answered = 0
      for (let number = before.sent + 1; number <= last; number++)
        if (pings.answered.has(number)) answered++
      return {
        ...{ what, seconds, jobs: done.length, eventsLost: missing() },
        leases: leases.ok - before.leases.ok,
        leasesFailed: leases.failed - before.leases.failed,
        pings: last - before.sent,
        pingsLost: last - before.sent - answered,
      }
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      ping.kill('SIGTERM')
      await jobs.catch(() => undefined)
    },
  }
}
