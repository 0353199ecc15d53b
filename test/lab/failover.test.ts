import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { checkFacts, type FactCheck } from '../support/fact-check.js'
import { type Inbox, openInbox } from '../support/inbox.js'
import { until } from '../support/until.js'
import { labUnavailable } from './command.js'
import {
  addInstances,
  clusterOfLab,
  factsOfLab,
  type JobLoad,
  queueIsIdle,
  startJobLoad,
} from './job-load.js'
import { type Lab, openLab } from './lab.js'

/**
 * Two failovers of a real cluster under a load of real jobs: an orderly one, from n1 to n2, and one from n2, whose power is cut, to n3.
 * What the job files of all three disks prove must have arrived, from whichever node.
 */

const skip = labUnavailable() ?? false
const instances = ['a1', 'b1', 'c1', 'd1'].map((name) => `${name}.lab.example`)

/** Waits until nothing that disks prove is missing in the inbox; gives the check also when some stays missing. */
async function whenAllArrived(lab: Lab, inbox: Inbox): Promise<FactCheck> {
  const cluster = await clusterOfLab(lab)
  const check = (): FactCheck => checkFacts(factsOfLab(lab, cluster), inbox.received)
  await until('all facts', () => (check().lost.length === 0 ? true : undefined), {
    deadlineMs: 60_000,
    everyMs: 1000,
  }).catch(() => undefined)
  return check()
}

async function whenMaster(lab: Lab, node: string): Promise<void> {
  await until(`the agent of ${node} to be the master’s`, async () => {
    const { code, stdout } = await lab.exec(node, ['okeanid', 'status', '--json'])
    return code === 0 && JSON.parse(stdout).roles[0].isMaster === true ? true : undefined
  })
}

const moreJobs = (load: JobLoad, count: number): Promise<true> => {
  const wanted = load.submitted.length + count
  return until(`${count} more jobs`, () => (load.submitted.length >= wanted ? true : undefined), {
    deadlineMs: 120_000,
  })
}

t.test('failovers under load lose no final status', { skip, timeout: 600_000 }, async (t) => {
  await using lab = await openLab({ nodes: 3, hypervisor: 'fake', hasApi: false })
  const configFile = path.join(t.testdir(), 'okeanid.ini')
  const events = '[events]\nrescan = 2s\n'
  writeFileSync(configFile, `[broker]\nurl = ${lab.brokerUrl}\n${events}`)
  await lab.deploy({ configFile })
  const url = new URL(lab.brokerUrl)
  url.host = `127.0.0.1:${await lab.forward('mq', 5672)}`
  await using inbox = await openInbox(url.href)
  await Promise.all(
    lab.nodes.map((node) => lab.execOk(node, ['systemctl', 'start', 'okeanid-agent'])),
  )
  await addInstances(lab, instances, ['n3'])
  await using load = startJobLoad(lab, { instances, perTurn: 2, everyMs: 300 })

  await t.test('orderly, from n1 to n2', async () => {
    await moreJobs(load, 20)
    await lab.execOk('n2', ['gnt-cluster', 'master-failover'])
    await whenMaster(lab, 'n2')
    await moreJobs(load, 10)
  })

  await t.test('n2 loses power, n3 takes over', async () => {
    await lab.stop('n2', 'kill')
    const failover = ['gnt-cluster', 'master-failover', '--no-voting', '--yes-do-it']
    await lab.execOk('n3', failover)
    await whenMaster(lab, 'n3')
    await moreJobs(load, 10)
    await load.stop()
    await queueIsIdle(lab, 400_000)
  })

  await t.test('every final status on any disk arrived, in order', async (t) => {
    const check = await whenAllArrived(lab, inbox)
    t.comment(JSON.stringify({ ...check, lost: check.lost.length, jobs: load.submitted.length }))
    t.ok(check.written > 60, 'there was something to lose')
    t.strictSame(check.lost, [])
    t.strictSame(check.clashes, [])
    t.strictSame(check.disorders, [])
  })
})
