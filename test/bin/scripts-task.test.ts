import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import type { RunResult } from '#script/result.js'
import type { ScriptSettings } from '#script/settings.js'
import { spoolFile, stampNow } from '#watch/spool-writer.js'
import { readOutput, readResults } from '../../agent/bin/script-results.js'
import { type Scripts, scriptsTask } from '../../agent/bin/scripts-task.js'
import { ownFolder } from '../support/own-folder.js'
import { plainSettings } from '../support/script-settings.js'
import { type FakeUnits, fakeUnits } from '../support/units.js'
import { until } from '../support/until.js'

const skip = process.getuid?.() === 0 ? false : 'scripts have to be root’s'

interface Host {
  readonly units: FakeUnits
  readonly scripts: () => Scripts
  readonly lines: readonly string[]
  readonly spool: string
  busyCount(): number
  addScript(operation: string, name: string, mode?: number): void
  leave(instance: string, own?: Readonly<Record<string, string>>): void
  /** Starts the task; what is returned stops it. */
  begin(): () => Promise<void>
  isStarted(unit: string): Promise<unknown>
  results(count: number): Promise<readonly RunResult[]>
  settings: ScriptSettings
}

function host(t: Test): Host {
  const folder = ownFolder(t)
  const [spool, state, directory] = [`${folder}/spool`, `${folder}/state`, `${folder}/hooks`]
  for (const one of [spool, directory]) mkdirSync(one, { mode: 0o755 })
  const units = fakeUnits()
  const lines: string[] = []
  let current: Scripts | undefined
  let busyCount = 0
  const make = (): Scripts =>
    scriptsTask({
      ...{ spoolDirectory: spool, stateDirectory: state, scriptsDirectory: directory, units },
      programs: { runScript: '/run-script', scriptEnded: '/script-ended' },
      settingsOf: () => self.settings,
      parallelCount: 3,
      bounds: { count: 100, ageMs: 1e9, bytes: 1e9 },
      ownNode: async () => 'n1.example.org',
      random: () => 0.5,
      onBusy: () => {
        busyCount++
        return () => void busyCount--
      },
      log: (level, event, fields) => void lines.push(`${level} ${event} ${JSON.stringify(fields)}`),
    })
  const self: Host = {
    units,
    lines,
    spool,
    busyCount: () => busyCount,
    settings: plainSettings(),
    scripts: () => current ?? make(),
    addScript(operation, name, mode = 0o755) {
      const own = path.join(directory, `post-${operation}.d`)
      mkdirSync(own, { recursive: true, mode: 0o755 })
      writeFileSync(path.join(own, name), '#!/bin/sh\n')
      chmodSync(path.join(own, name), mode)
    },
    leave(instance, own = {}) {
      const words = {
        GANETI_HOOKS_PHASE: 'post',
        GANETI_HOOKS_PATH: 'instance-start',
        GANETI_OP_CODE: 'OP_INSTANCE_STARTUP',
        GANETI_INSTANCE_NAME: instance,
        ...own,
      }
      const text = Object.entries(words).map(([name, value]) => `${name}=${value}\0`)
      spoolFile(spool, stampNow().fileName, text.join(''))
    },
    begin() {
      const stopping = new AbortController()
      current = make()
      const running = current.task.run(stopping.signal)
      const stop = async (): Promise<void> => {
        stopping.abort()
        await running
      }
      t.teardown(stop)
      return stop
    },
    isStarted: (unit) =>
      until(unit, () => units.running.has(`okeanid-hook-${unit}.service`) || undefined),
    results: (count) =>
      until(`${count} results`, async () => {
        const all = await readResults(`${state}/results`)
        return all.length >= count ? all : undefined
      }),
  }
  return self
}

const unit = (id: string): string => `okeanid-hook-${id}.service`

t.test(
  'scripts of one hook run in the order of their names, with what they printed kept',
  { skip },
  async (t) => {
    const h = host(t)
    h.addScript('instance-start', '20-b')
    h.addScript('instance-start', '10-a')
    h.begin()
    h.leave('vm1', { OKEANID_JOB_ID: '7' })
    await h.isStarted('1-10-a-1')
    t.strictSame(h.units.started, [unit('1-10-a-1')], 'the second waits')
    h.units.end(unit('1-10-a-1'), 'success exited 0', 'hello\n')
    await h.isStarted('1-20-b-1')
    h.units.end(unit('1-20-b-1'), 'exit-code exited 3')
    const [a, b] = await h.results(2)
    t.match(a, { script: '10-a', ending: { kind: 'ok' }, job: '7', target: 'vm1', outputBytes: 6 })
    t.match(b, { script: '20-b', ending: { kind: 'failed', status: 3 }, retryAtMs: undefined })
    const state = path.join(path.dirname(h.spool), 'state')
    t.equal((await readOutput(`${state}/results`, '1-10-a-1')).toString(), 'hello\n')
    await until('idleness', () => h.busyCount() === 0 || undefined)
    t.strictSame(readdirSync(`${state}/runs`), [])
    t.strictSame(readdirSync(`${state}/queue`), [])
  },
)

t.test('instances side by side up to the limit, one instance in order', { skip }, async (t) => {
  const h = host(t)
  h.addScript('instance-start', 'x')
  for (const vm of ['vm1', 'vm1', 'vm2', 'vm3', 'vm4']) h.leave(vm)
  h.begin()
  await until('three of them', () => h.units.running.size === 3 || undefined)
  t.strictSame(
    [...h.units.running].toSorted(),
    [1, 3, 4].map((number) => unit(`${number}-x-1`)),
  )
  h.units.end(unit('3-x-1'))
  await h.isStarted('5-x-1')
  h.units.end(unit('1-x-1'))
  await h.isStarted('2-x-1')
})

t.test(
  'a failure is tried again, and nothing of its instance overtakes it',
  { skip },
  async (t) => {
    const h = host(t)
    h.settings = plainSettings({ retryCount: 1 })
    h.addScript('instance-start', 'x')
    h.begin()
    h.leave('vm1')
    h.leave('vm1')
    await h.isStarted('1-x-1')
    h.units.end(unit('1-x-1'), 'timeout killed KILL')
    await h.isStarted('1-x-2')
    h.units.end(unit('1-x-2'))
    await h.isStarted('2-x-1')
    t.match(await h.results(2), [
      { ending: { kind: 'timeout' }, retryAtMs: Number },
      { ending: { kind: 'ok' } },
    ])
  },
)

t.test(
  'a run outlives us, is found again and waited for, and is not run twice',
  { skip },
  async (t) => {
    const h = host(t)
    h.addScript('instance-start', 'x')
    const stop = h.begin()
    h.leave('vm1')
    h.leave('vm1')
    await h.isStarted('1-x-1')
    await stop()
    h.begin()
    await until('it found', () => h.lines.find((line) => line.includes('script-found-again')))
    h.units.end(unit('1-x-1'), 'success exited 0', 'done')
    await h.isStarted('2-x-1')
    t.strictSame(h.units.started, [unit('1-x-1'), unit('2-x-1')])
    t.match(await h.results(1), [{ ending: { kind: 'ok' }, outputBytes: 4 }])
  },
)

t.test('one that ended while we were away is told as it ended', { skip }, async (t) => {
  const h = host(t)
  h.addScript('instance-start', 'x')
  const stop = h.begin()
  h.leave('vm1')
  await h.isStarted('1-x-1')
  await stop()
  h.units.end(unit('1-x-1'), 'exit-code exited 9')
  h.begin()
  t.match(await h.results(1), [{ ending: { kind: 'failed', status: 9 } }])
})

for (const isRetriedWhenInterrupted of [true, false]) {
  const what = isRetriedWhenInterrupted ? 'run again' : 'left'
  t.test(`one that went down with the host is told, and ${what}`, { skip }, async (t) => {
    const h = host(t)
    h.settings = plainSettings({ isRetriedWhenInterrupted })
    h.addScript('instance-start', 'x')
    const stop = h.begin()
    h.leave('vm1')
    h.leave('vm1')
    await h.isStarted('1-x-1')
    await stop()
    h.units.crash()
    h.begin()
    t.match(await h.results(1), [{ attempt: 1, ending: { kind: 'interrupted' } }])
    await h.isStarted(isRetriedWhenInterrupted ? '1-x-2' : '2-x-1')
  })
}

t.test(
  'a script that anybody may write is refused, told, and the others run',
  { skip },
  async (t) => {
    const h = host(t)
    h.addScript('instance-start', '10-open', 0o777)
    h.addScript('instance-start', '20-off', 0o644)
    h.addScript('instance-start', '30-x')
    h.begin()
    h.leave('vm1')
    await h.isStarted('1-30-x-1')
    h.units.end(unit('1-30-x-1'))
    const all = await h.results(2)
    t.match(all[0], { script: '10-open', ending: { kind: 'refused', why: /may write/ } })
    t.equal(all.length, 2)
  },
)

t.test('what systemd cannot start is told in its words', { skip }, async (t) => {
  const h = host(t)
  h.units.refuse('Failed to start transient service unit: Unknown user')
  h.addScript('instance-start', 'x')
  h.begin()
  h.leave('vm1')
  t.match(await h.results(1), [{ ending: { kind: 'unstarted', why: /Unknown user/ } }])
})

t.test(
  'without systemd nothing is run and nothing is lost, and it is told',
  { skip },
  async (t) => {
    const h = host(t)
    h.units.setThere(false)
    h.addScript('instance-start', 'x')
    const stop = h.begin()
    h.leave('vm1')
    h.leave('vm2', { GANETI_HOOKS_PATH: 'instance-stop' })
    await until('it told', () => h.lines.find((line) => line.startsWith('error scripts-held-up')))
    await until(
      'the one without scripts gone',
      () => readdirSync(h.spool).length === 1 || undefined,
    )
    t.match(h.scripts().state(), { isHeldUp: true, hookCount: 0 })
    await stop()
    h.units.setThere(true)
    h.begin()
    await h.isStarted('1-x-1')
  },
)

t.test('what is no hook goes aside and holds up nobody', { skip }, async (t) => {
  const h = host(t)
  h.addScript('instance-start', 'x')
  spoolFile(h.spool, stampNow().fileName, 'GANETI_HOOKS_PHASE=pre\0')
  h.leave('vm1')
  h.begin()
  await h.isStarted('1-x-1')
  t.equal(readdirSync(path.join(h.spool, 'bad')).length, 1)
})

t.test('two processes do not run the same scripts', { skip }, async (t) => {
  const h = host(t)
  h.begin()
  const lock = path.join(path.dirname(h.spool), 'state/lock')
  await until(
    'the lock',
    () => (existsSync(lock) && readFileSync(lock, 'utf8') !== '') || undefined,
  )
  const second = h.scripts()
  await t.rejects(second.task.run(new AbortController().signal), { code: 'SOCKET_TAKEN' })
})
