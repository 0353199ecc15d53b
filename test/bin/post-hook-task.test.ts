import { readdirSync } from 'node:fs'
import t from 'tap'
import { spoolFile, stampNow } from '#watch/spool-writer.js'
import { postHookTask, type TimedHook } from '../../agent/bin/post-hook-task.js'
import { ownFolder } from '../support/own-folder.js'
import { until } from '../support/until.js'

t.test('what the hooks role leaves arrives, with the time of the hook', async (t) => {
  const directory = ownFolder(t)
  const [boot = '', nanoseconds = ''] = stampNow().fileName.split('.')
  const hundredths = String(Math.round(Number(nanoseconds) / 1e7) - 500)
  const leave = (instance: string): void => {
    const values = {
      GANETI_HOOKS_PHASE: 'post',
      GANETI_HOOKS_PATH: 'instance-modify',
      GANETI_OP_CODE: 'OP_INSTANCE_SET_PARAMS',
      GANETI_INSTANCE_NAME: instance,
      GANETI_POST_INSTANCE_TAGS: 'okeanid:firewall:0:protected',
    }
    const text = Object.entries(values).map(([name, value]) => `${name}=${value}\0`)
    const name = `${boot}.${hundredths.padStart(20, '0')}.${told.length + names.indexOf(instance)}.json`
    spoolFile(directory, name, text.join(''))
  }
  const told: TimedHook[] = []
  const names = ['vm1', 'vm2', 'vm3']
  for (const name of names) leave(name)
  const stopped = new AbortController()
  t.teardown(() => stopped.abort())
  const { run } = postHookTask({
    directory,
    log: () => undefined,
    onChange: (hook) => void told.push(hook),
  })
  const running = run(stopped.signal)
  await until('three hooks', () => (told.length === names.length ? true : undefined), {
    deadlineMs: 60_000,
  })
  t.strictSame(told.map(({ instance }) => instance).sort(), names)
  t.strictSame(told[0]?.tags, ['okeanid:firewall:0:protected'])
  const ageSeconds = Date.now() / 1000 - (told[0]?.timeSeconds ?? 0)
  t.ok(ageSeconds > 4 && ageSeconds < 60, `it was made ${ageSeconds} s ago`)
  await until('an empty folder', () => (readdirSync(directory).length === 0 ? true : undefined))
  stopped.abort()
  await running
})
