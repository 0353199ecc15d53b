import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import t from 'tap'
import { postHookTask, type TimedHook } from '../../agent/bin/post-hook-task.js'
import { ownFolder } from '../support/own-folder.js'
import { until } from '../support/until.js'

t.test('what the hook leaves arrives', async (t) => {
  const directory = ownFolder(t)
  const leave = (instance: string): void => {
    spawnSync('hooks/okeanid-post', {
      env: {
        PATH: '/sbin:/bin:/usr/sbin:/usr/bin',
        OKEANID_HOOK_SPOOL: directory,
        GANETI_HOOKS_PHASE: 'post',
        GANETI_OP_CODE: 'OP_INSTANCE_SET_PARAMS',
        GANETI_INSTANCE_NAME: instance,
        GANETI_POST_INSTANCE_TAGS: 'okeanid:firewall:0:protected',
      },
    })
  }
  const names = ['vm1', 'vm2', 'vm3']
  for (const name of names) leave(name)
  const told: TimedHook[] = []
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
  t.ok(ageSeconds > -1 && ageSeconds < 60, `it was made ${ageSeconds} s ago`)
  await until('an empty folder', () => (readdirSync(directory).length === 0 ? true : undefined))
  stopped.abort()
  await running
})
