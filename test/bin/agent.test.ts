import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { labUnavailable } from '../lab/command.js'
import { logged, openStage, type Stage, startAgent, startProgram } from '../support/agent.js'
import { openInbox } from '../support/inbox.js'
import { jobText, type Phase } from '../support/job-text.js'
import { startRabbitmq } from '../support/rabbitmq.js'
import { compare, lastingQueue, openTally, type Tally } from '../support/tally.js'
import { until } from '../support/until.js'

/** The agent as a process, on a directory that is written as Ganeti writes it, with a real RabbitMQ. */

const skip = labUnavailable() ?? false

const phases: readonly Phase[] = ['queued', 'waiting', 'running', 'success']

function status(stage: Stage) {
  const argv = ['dist/agent/bin/okeanid.js', 'status', '--json', '-c', stage.configFile]
  const { roles } = JSON.parse(execFileSync(process.execPath, argv, { encoding: 'utf8' }))
  return roles[0]
}

/** Writes all phases of jobs as fast as the disk takes them; the connections of this process live on meanwhile. */
async function writeJobs(
  stage: Stage,
  { first, last }: { readonly first: number; readonly last: number },
): Promise<void> {
  for (const phase of phases) {
    for (let id = first; id <= last; id++) {
      stage.write(id, jobText(id, phase))
      if (id % 50 === 0) await nextTurn()
    }
  }
}

/** Waits until the final statuses of all jobs arrived; gives what is missing after the deadline. */
async function missing(
  tally: Tally,
  range: { readonly first: number; readonly last: number },
  deadlineMs: number,
) {
  const lost = () => compare(tally.finalOps, range).lost + compare(tally.finalJobs, range).lost
  await until('all final statuses', () => (lost() === 0 ? true : undefined), {
    deadlineMs,
    everyMs: 50,
  }).catch(() => {})
  return lost()
}

/** A disk of 256 kB at this directory. */
function mountSmallDisk(directory: string): AsyncDisposable {
  mkdirSync(directory)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', directory])
  return {
    async [Symbol.asyncDispose]() {
      execFileSync('umount', ['-l', directory])
    },
  }
}

t.test('the agent with a real broker', { skip, timeout: 900_000 }, async (t) => {
  await using broker = await startRabbitmq()

  await t.test('tells, is asked, is followed, and stops in order', async (t) => {
    await using stage = openStage(broker.url)
    await using inbox = await openInbox(broker.url)
    await using agent = startAgent(stage)
    await logged(agent, /watching/)
    await using tail = startProgram([
      'dist/agent/bin/okeanid.js',
      'events',
      'tail',
      '--json',
      '-c',
      stage.configFile,
    ])
    let tailed = ''
    tail.child.stdout?.on('data', (part) => {
      tailed += String(part)
    })
    const second = spawnSync(
      process.execPath,
      ['dist/agent/bin/okeanid.js', 'agent', '-c', stage.configFile],
      { encoding: 'utf8' },
    )
    t.equal(second.status, 1)
    t.match(second.stderr, /okeanid: .*outbox/, 'a second agent is refused')
    const isTailed = (id: number) =>
      until('tail', () =>
        tailed.includes(`job.00000000-0000-4000-8000-000000000000.${id}.1s`) ? true : undefined,
      )
    for (let id = 1; !tailed.includes('job.'); id++) {
      // the first ones may be appended before tail has found the end of the outbox
      stage.write(id, jobText(id, 'success'))
      await inbox.finishedJob(id)
    }
    stage.write(1000, jobText(1000, 'success'))
    const messages = await inbox.finishedJob(1000)
    await isTailed(1000)
    const lines = tailed
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ body }) => body.jobId === 1000)
    t.strictSame(
      lines.map(({ messageId, body }) => [messageId, body]),
      messages.map(({ messageId, body }) => [messageId, body]),
    )
    await until('the acknowledgement', () =>
      status(stage).outbox.backlogMessages === 0 ? true : undefined,
    )
    t.match(status(stage), {
      isMaster: true,
      node: 'n1',
      cluster: 'bench',
      broker: { state: 'connected' },
    })
    const ended = new Promise((resolve) =>
      agent.child.once('exit', (code, signal) => resolve([code, signal])),
    )
    agent.child.kill('SIGTERM')
    t.strictSame(await ended, [0, null])
  })

  await t.test('a second start tells nothing again and everything that it missed', async (t) => {
    await using stage = openStage(broker.url)
    await using tally = await openTally(broker.url)
    stage.write(1, jobText(1, 'running'))
    {
      await using agent = startAgent(stage)
      await logged(agent, /watching/)
      stage.write(2, jobText(2, 'success'))
      t.equal(await missing(tally, { first: 2, last: 2 }, 120_000), 0)
    }
    stage.write(1, jobText(1, 'success'))
    stage.write(3, jobText(3, 'success'))
    await using agent = startAgent(stage)
    await logged(agent, /watching/)
    t.equal(await missing(tally, { first: 1, last: 3 }, 120_000), 0)
    t.strictSame([...tally.finalJobs.values()], [1, 1, 1])
  })

  await t.test('killed again and again under load it loses nothing', async (t) => {
    await using stage = openStage(broker.url)
    await using tally = await openTally(broker.url)
    const last = 600
    let next = 1
    for (let life = 0; life < 6; life++) {
      await using agent = startAgent(stage)
      await logged(agent, /watching/)
      const until = life < 5 ? next + 99 : last
      await writeJobs(stage, { first: next, last: until })
      next = until + 1
      // somewhere in the middle: the moment depends on the disk and the broker, and is another one each time
      if (life < 5) agent.child.kill('SIGKILL')
      else t.equal(await missing(tally, { first: 1, last }, 240_000), 0)
    }
  })

  await t.test(
    'stopped while inotify overflows it loses nothing, because it rescans',
    async (t) => {
      const range = { first: 2, last: 5001 } // 20,000 renames, the kernel keeps 16,384 events
      const lost: Record<string, number> = {}
      for (const rescan of ['1h', '1s']) {
        await using stage = openStage(broker.url, { rescan })
        await using tally = await openTally(broker.url)
        await using agent = startAgent(stage)
        await logged(agent, /watching/)
        stage.write(1, jobText(1, 'success'))
        t.equal(await missing(tally, { first: 1, last: 1 }, 120_000), 0, 'its first scan is over')
        agent.child.kill('SIGSTOP')
        await writeJobs(stage, range)
        agent.child.kill('SIGCONT')
        lost[rescan] = await missing(tally, range, rescan === '1s' ? 240_000 : 5000)
        t.strictSame(compare(tally.finalJobs, range).twice, 0, 'and tells nothing twice')
      }
      t.equal(lost['1s'], 0)
      t.not(lost['1h'], 0, 'without the rescan it would: inotify did overflow')
    },
  )

  await t.test('a full disk stops the taking, not the agent, and nothing is lost', async (t) => {
    await using stage = openStage(broker.url)
    const small = path.join(stage.directory, 'state')
    await using _disk = mountSmallDisk(small)
    await using agent = startAgent(stage)
    await logged(agent, /watching/)
    // declared before: what the agent sends between the broker's start and a new queue would reach nobody
    await (await openTally(broker.url, lastingQueue))[Symbol.asyncDispose]()
    await broker.stop()
    const range = { first: 1, last: 300 }
    await writeJobs(stage, range)
    await logged(agent, /outbox-not-writable/)
    t.equal(status(stage).outbox.isWritable, false)
    execFileSync('mount', ['-o', 'remount,size=64m', small])
    await broker.start()
    await using tally = await openTally(broker.url, lastingQueue)
    t.equal(await missing(tally, range, 240_000), 0)
    t.match(agent.log(), /outbox-writable-again/)
  })

  await t.test('on a host that is no node it waits and says so', async (t) => {
    await using stage = openStage(broker.url)
    writeFileSync(
      path.join(stage.directory, 'var/lib/ganeti/ssconf_node_primary_ips'),
      'n1 192.0.2.77\n',
    )
    await using agent = startAgent(stage)
    await logged(agent, /not-in-cluster problem="no address of this host is a node’s/)
    t.match(status(stage), { isMaster: false, node: null })
    stage.write(1, jobText(1, 'success'))
    await using tally = await openTally(broker.url)
    writeFileSync(
      path.join(stage.directory, 'var/lib/ganeti/ssconf_node_primary_ips'),
      'n1 127.0.0.1\n',
    )
    await logged(agent, /is-master/)
    t.equal(await missing(tally, { first: 1, last: 1 }, 120_000), 0)
  })
})
