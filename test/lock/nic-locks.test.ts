import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import t from 'tap'
import { lockBridge, lockTap } from '#lock/nic-locks.js'

t.test('a tap’s lock excludes, says who has it, and is free again after close', async (t) => {
  const runtimeDirectory = t.testdir()
  const first = await lockTap({ runtimeDirectory, name: 'tap0', waitMs: 0 })
  t.ok(first.ok)
  const second = await lockTap({ runtimeDirectory, name: 'tap0', waitMs: 0 })
  t.same(second, { ok: false, problem: { kind: 'held', holder: String(process.pid) } })
  t.ok((await lockTap({ runtimeDirectory, name: 'tap1', waitMs: 0 })).ok, 'others are free')
  t.ok((await lockBridge({ runtimeDirectory, name: 'tap0', waitMs: 0 })).ok, 'so are bridges')
  if (first.ok) await first.value.close()
  if (first.ok) await first.value.close()
  t.ok((await lockTap({ runtimeDirectory, name: 'tap0', waitMs: 0 })).ok)
})

t.test('a lock is waited for, and comes when its holder dies', async (t) => {
  const runtimeDirectory = t.testdir()
  const probe = await lockTap({ runtimeDirectory, name: 'tap0', waitMs: 0 })
  if (probe.ok) await probe.value.close()
  const file = path.join(runtimeDirectory, 'locks/taps/tap0')
  const holder = spawn('flock', ['--no-fork', file, 'sh', '-c', 'echo held; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  t.teardown(() => holder.kill('SIGKILL'))
  await once(holder.stdout, 'data')
  const soon = await lockTap({ runtimeDirectory, name: 'tap0', waitMs: 50 })
  t.match(soon, { ok: false, problem: { kind: 'held' } })
  const waiting = lockTap({ runtimeDirectory, name: 'tap0', waitMs: 20_000 })
  holder.kill('SIGKILL')
  t.ok((await waiting).ok)
})
