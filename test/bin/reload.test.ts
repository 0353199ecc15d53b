import { execFile } from 'node:child_process'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { logged, type Measured, openStage, type Stage, startAgent } from '../support/agent.js'
import { jobText, type Phase } from '../support/job-text.js'
import { until } from '../support/until.js'

/** The events role as a process whose broker is away: all that it takes lies in its outbox, to be counted. */
async function start(t: Test): Promise<{ readonly stage: Stage; readonly agent: Measured }> {
  const stage = openStage('amqp://127.0.0.1:1/')
  const agent = startAgent(stage)
  t.teardown(async () => {
    await agent[Symbol.asyncDispose]()
    await stage[Symbol.asyncDispose]()
  })
  await logged(agent, /^watching /m)
  return { stage, agent }
}

/** A command of the program, however it ends. */
async function okeanid(stage: Stage, ...words: readonly string[]) {
  const argv = ['dist/agent/bin/okeanid.js', ...words, '-c', stage.configFile]
  try {
    const { stdout } = await promisify(execFile)(process.execPath, argv, {
      maxBuffer: 2 ** 26,
    })
    return { code: 0, stdout, stderr: '' }
  } catch (error) {
    return error as { readonly code: number; readonly stdout: string; readonly stderr: string }
  }
}

const reload = (stage: Stage) => okeanid(stage, 'reload', '--role', 'events')

t.test('a reload says what holds now, and what holds after a restart only', async (t) => {
  const { stage, agent } = await start(t)
  t.match(await reload(stage), { code: 0, stdout: 'events: nothing has changed\n' })
  const text = readFileSync(stage.configFile, 'utf8')
  writeFileSync(
    stage.configFile,
    text
      .replace('heartbeat = 0s', 'heartbeat = 7s')
      .replace('state_directory = ', '&/srv')
      .replace('&/srv', 'state_directory = /srv'),
  )
  const { code, stdout } = await reload(stage)
  t.equal(code, 0)
  t.equal(
    stdout,
    'events: holds now: [events] heartbeat\nevents: holds after a restart only: [agent] state_directory\n',
  )
  t.match(
    agent.log(),
    /^reloaded changed="\[events\] heartbeat" needs_restart="\[agent\] state_directory"$/m,
  )
  t.match(
    await okeanid(stage, 'outbox', 'list', '--json'),
    { code: 1 },
    'others go by the new folder already',
  )
  writeFileSync(stage.configFile, text)
  t.match(await reload(stage), { code: 0, stdout: 'events: holds now: [events] heartbeat\n' })
})

t.test(
  'a configuration that cannot be used is refused, says why, and the one before holds',
  async (t) => {
    const { stage, agent } = await start(t)
    const text = readFileSync(stage.configFile, 'utf8')
    appendFileSync(stage.configFile, '[events]\nheartbaet = 7s\n')
    const { code, stderr } = await reload(stage)
    t.equal(code, 78)
    t.match(stderr, /okeanid\.ini: \[events\] heartbaet: there is no such key/)
    // as a signal does it, which asks nobody else first
    agent.child.kill('SIGHUP')
    await logged(agent, /^reload-refused .*heartbaet/m)
    writeFileSync(
      stage.configFile,
      text.replace('[broker]\n', '[broker]\npassword_file = /nowhere\n'),
    )
    t.match(await reload(stage), {
      code: 78,
      stderr: /\/nowhere: cannot be read .*what held before still holds/,
    })
    stage.write(1, jobText(1, 'success'))
    await until('the role to take jobs', async () =>
      (await waiting(stage)) > 0 ? true : undefined,
    )
  },
)

t.test('reloads lose nothing of the jobs that run meanwhile', async (t) => {
  const { stage } = await start(t)
  const phases: readonly Phase[] = ['queued', 'waiting', 'running', 'success']
  const text = readFileSync(stage.configFile, 'utf8')
  let jobCount = 0
  for (let turn = 1; turn <= 5; turn++) {
    writeFileSync(stage.configFile, text.replace('heartbeat = 0s', `heartbeat = ${turn + 5}s`))
    let isDone = false
    const reloaded = reload(stage).finally(() => {
      isDone = true
    })
    for (let most = jobCount + 200; !isDone && jobCount < most; ) {
      jobCount++
      for (const phase of phases) {
        stage.write(jobCount, jobText(jobCount, phase))
        await nextTurn()
      }
    }
    t.match(await reloaded, { code: 0, stdout: /holds now/ })
  }
  t.comment(`${jobCount} jobs meanwhile`)
  const ends = await until(
    'the ends of all jobs',
    async () => {
      const { stdout } = await okeanid(stage, 'outbox', 'list', '--json', '--limit', '10000')
      const found = new Set(
        [...stdout.matchAll(/"messageId": ?"(op[.][^"]*[.]success[.][^"]*)"/g)].map(([, id]) => id),
      )
      return found.size >= jobCount ? found.size : undefined
    },
    { deadlineMs: 60_000 },
  )
  t.equal(ends, jobCount)
})

async function waiting(stage: Stage): Promise<number> {
  const { stdout } = await okeanid(stage, 'status', '--json')
  return JSON.parse(stdout).roles[0].outbox.backlogMessages
}
