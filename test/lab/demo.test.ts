import { execFileSync, spawn } from 'node:child_process'
import t, { type Test } from 'tap'
import { until } from '../support/until.js'
import { labScript, labUnavailable } from './command.js'

const skip = labUnavailable() ?? false

/** Runs the demo's program, as scripts/demo.mjs does. */
function startDemo(t: Test) {
  const demo = spawn(process.execPath, ['dist/demo/demo.js'], { stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => demo.kill('SIGKILL'))
  let said = ''
  for (const stream of [demo.stdout, demo.stderr]) {
    stream.on('data', (part) => {
      said += String(part)
    })
  }
  const ended = new Promise<number | null>((resolve) => demo.once('exit', resolve))
  return { demo, ended, said: () => said }
}

/** Runs of the lab that belong to a process. */
function runsOf(pid: number | undefined): string {
  const list = execFileSync(labScript, ['list'], { encoding: 'utf8' })
  return list
    .split('\n')
    .filter((line) => line.includes(`pid ${pid} `))
    .join('\n')
}

t.test(
  'the demo shows each step’s events, and they are what gnt-job info says',
  { skip, timeout: 600_000 },
  async (t) => {
    const { demo, ended, said } = startDemo(t)
    t.equal(await ended, 0, said().slice(-2000))
    const verdicts = said().match(/gnt-job info \d+ says the same, to the microsecond/g) ?? []
    t.equal(verdicts.length, 6, 'create, migrate, shutdown, start, reboot, delete')
    t.notMatch(said(), /says otherwise/)
    t.match(said(), /the guest’s console: LABBOOT/)
    t.match(said(), /the guest’s console: LABLEASE .*"ip":"192\.0\.2\.1\d\d"/)
    t.match(said(), /n\d {2}.*snf-1.*DHCPREQUEST .* -> DHCPACK yiaddr=192\.0\.2\.1\d\d/)
    t.match(said(), /\| status +\| SHUTOFF/, 'the API follows the administrator')
    t.match(said(), /\| url +\| (?:http|ws)/)
    t.equal(runsOf(demo.pid), '')
  },
)

t.test('the demo cleans up when it is told to stop', { skip, timeout: 600_000 }, async (t) => {
  const { demo, ended, said } = startDemo(t)
  await until(
    'the first event',
    () => (said().includes('ganeti.snf.event.op') ? true : undefined),
    { deadlineMs: 300_000 },
  )
  t.not(runsOf(demo.pid), '')
  demo.kill('SIGINT')
  await ended
  t.match(said(), /told to stop, cleaning up/)
  t.equal(runsOf(demo.pid), '')
})
