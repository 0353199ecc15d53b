import { existsSync, mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { askStatusSocket } from '#service/status-socket.js'
import { openStage, type Stage } from './agent.js'
import { until } from './until.js'

/** What a test reads of an events role's status. */
interface Jobs {
  readonly open: number
  readonly held: number
  readonly unknown: string
}

/** A node of a cluster of two master candidates, n1 and n2, both of which this host can be. */
export interface Candidate extends Stage {
  readonly name: string
  /** Makes this node believe that the master is this one. */
  follow(master: string): void
  /** Moves a job to the archive as luxid does. */
  archive(id: number): void
  /** Deletes a job's file from the queue. */
  remove(id: number): void
  /** Sets the time at which a job's file was written last, wherever it is. */
  age(id: number, hours: number): void
  /** Gives the cluster another UUID, as a new `gnt-cluster init` does. */
  renew(uuid: string): void
  /** Waits until the role that runs here says this of the jobs that it knows. */
  whenJobs(what: string, fits: (jobs: Jobs, scanCount: number) => boolean): Promise<Jobs>
}

/** Opens a node of that name; n1 is the master at first. */
export function openCandidate(name: 'n1' | 'n2', brokerUrl: string): Candidate {
  const stage = openStage(brokerUrl, { rescan: '1s' })
  const data = path.join(stage.directory, 'var/lib/ganeti')
  const write = (file: string, text: string): void => {
    writeFileSync(path.join(data, `${file}.new`), text)
    renameSync(path.join(data, `${file}.new`), path.join(data, file))
  }
  const other = name === 'n1' ? 'n2' : 'n1'
  write('ssconf_node_primary_ips', `${name} 127.0.0.1\n${other} 192.0.2.1\n`)
  write('ssconf_master_candidates', 'n1\nn2\n')
  const archived = (id: number) =>
    path.join(stage.queueDirectory, 'archive', String(Math.floor(id / 10_000)), `job-${id}`)
  const live = (id: number) => path.join(stage.queueDirectory, `job-${id}`)
  return {
    ...stage,
    name,
    follow: (master) => write('ssconf_master_node', `${master}\n`),
    archive(id) {
      mkdirSync(path.dirname(archived(id)), { recursive: true })
      renameSync(live(id), archived(id))
    },
    remove: (id) => rmSync(live(id)),
    age(id, hours) {
      const seconds = Date.now() / 1000 - hours * 3600
      utimesSync(existsSync(live(id)) ? live(id) : archived(id), seconds, seconds)
    },
    renew: (uuid) => write('config.data', JSON.stringify({ cluster: { uuid } })),
    async whenJobs(what, fits) {
      const socket = path.join(stage.directory, 'run/events-role/status.sock')
      let text = ''
      const asked = until(what, async () => {
        text = await askStatusSocket(socket, '/status').catch((error: unknown) =>
          JSON.stringify({ problem: String(error) }),
        )
        const { jobs, counters } = JSON.parse(text) as {
          readonly jobs?: Jobs
          readonly counters?: { readonly scans: number }
        }
        return jobs !== undefined && fits(jobs, counters?.scans ?? 0) ? jobs : undefined
      })
      return await asked.catch((cause: unknown) => {
        throw new Error(`${String(cause)}; the status was ${text}`, { cause })
      })
    },
  }
}
