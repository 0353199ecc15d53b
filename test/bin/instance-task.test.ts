import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { instanceTask } from '#bin/instance-task.js'
import { parseFact } from '#event/node-fact.js'
import { saveState } from '#service/state-file.js'
import { until } from '../support/until.js'

interface Node {
  readonly root: string
  readonly stateFile: string
  readonly spoolDirectory: string
  /** Starts what Ganeti's own test takes for the QEMU of this instance. */
  start(instance: string): ChildProcess
  /** What Ganeti does after it has stopped one. */
  cleanUp(instance: string): void
  /** What QEMU does when its guest switches itself off. */
  endInOrder(instance: string): void
  told(): readonly (readonly string[])[]
  ids(): readonly string[]
  /** Runs the task until the test, or the returned function, ends it. */
  watch(): Promise<() => Promise<void>>
  toldAll(count: number): Promise<readonly (readonly string[])[]>
}

function openNode(t: Test): Node {
  const root = t.testdir({ spool: {} })
  const pids = path.join(root, 'run/ganeti/kvm-hypervisor/pid')
  for (const name of ['pid', 'conf', 'nic'])
    mkdirSync(path.join(pids, '..', name), { recursive: true })
  const runtimeFile = (instance: string): string =>
    path.join(pids, '..', 'conf', `${instance}.runtime`)
  const spoolDirectory = path.join(root, 'spool')
  const stateFile = path.join(root, 'instances.json')
  const facts = () =>
    readdirSync(spoolDirectory)
      .toSorted()
      .flatMap((name) => {
        const parsed = parseFact(readFileSync(path.join(spoolDirectory, name), 'utf8'))
        return parsed.ok ? [parsed.value] : []
      })
  const told = () =>
    facts().map(({ fact: { instance, status, reason = '' } }) => [instance, status, reason])
  return {
    root,
    stateFile,
    spoolDirectory,
    told,
    ids: () => facts().map(({ id }) => id),
    start(instance) {
      const child = spawn('sh', ['-c', 'read x', 'qemu', '-name', instance], { stdio: 'pipe' })
      t.teardown(() => child.kill('SIGKILL'))
      writeFileSync(runtimeFile(instance), '')
      writeFileSync(path.join(pids, instance), `${child.pid}\n`)
      return child
    },
    cleanUp(instance) {
      unlinkSync(path.join(pids, instance))
      unlinkSync(runtimeFile(instance))
    },
    endInOrder: (instance) => unlinkSync(path.join(pids, instance)),
    async watch() {
      const stop = new AbortController()
      const events: string[] = []
      const log = (_level: string, event: string): void => void events.push(event)
      const running = instanceTask({ root, stateFile, spoolDirectory, log }).run(stop.signal)
      const end = async (): Promise<void> => {
        stop.abort()
        await running
      }
      t.teardown(end)
      await until('its first look', () => readdirSync(root).includes('instances.json') || undefined)
      return end
    },
    toldAll: (count) =>
      until(`${count} events`, () => (told().length >= count ? told() : undefined)),
  }
}

t.test('a guest that Ganeti starts and stops', async (t) => {
  const node = openNode(t)
  const end = await node.watch()
  const qemu = node.start('vm1')
  await node.toldAll(1)
  qemu.kill('SIGKILL')
  node.cleanUp('vm1')
  t.strictSame(await node.toldAll(2), [
    ['vm1', 'started', ''],
    ['vm1', 'exited', 'stopped'],
  ])
  t.match(node.ids(), [/\.started-\d+-\d+$/, /\.exited-\d+-\d+$/])
  await end()
})

t.test('a guest that ends by itself: nobody removes its files', async (t) => {
  const node = openNode(t)
  const end = await node.watch()
  const qemu = node.start('vm1')
  await node.toldAll(1)
  qemu.kill('SIGKILL')
  t.strictSame((await node.toldAll(2))[1], ['vm1', 'exited', 'by-itself'])
  await end()
})

t.test('a guest that switches itself off: QEMU removes its pid file, Ganeti nothing', async (t) => {
  const node = openNode(t)
  const end = await node.watch()
  const qemu = node.start('vm1')
  await node.toldAll(1)
  qemu.kill('SIGKILL')
  node.endInOrder('vm1')
  t.strictSame((await node.toldAll(2))[1], ['vm1', 'exited', 'by-itself'])
  await end()
})

t.test('where nothing was kept, what runs is taken for granted', async (t) => {
  const node = openNode(t)
  node.start('vm1')
  const end = await node.watch()
  node.start('vm2')
  t.strictSame(await node.toldAll(1), [['vm2', 'started', '']])
  await end()
})

t.test('what ended and started while no agent looked is told, once', async (t) => {
  const node = openNode(t)
  node.start('stays')
  const goes = node.start('goes')
  const stop = await node.watch()
  await stop()
  goes.kill('SIGKILL')
  node.cleanUp('goes')
  node.start('comes')
  const stopAgain = await node.watch()
  t.strictSame(
    new Set((await node.toldAll(2)).map(String)),
    new Set(['comes,started,', 'goes,exited,stopped']),
  )
  await stopAgain()
  const end = await node.watch()
  node.start('last')
  t.strictSame((await node.toldAll(3)).slice(2), [['last', 'started', '']])
  await end()
})

t.test('after a reboot of the node all that ran before has exited', async (t) => {
  const node = openNode(t)
  const bootId = '0d9c8f6e-1111-4222-8333-444455556666'
  const running = [{ instance: 'vm1', pid: process.pid, startTicks: 1 }]
  await saveState(node.stateFile, { bootId, running })
  const end = await node.watch()
  t.strictSame(await node.toldAll(1), [['vm1', 'exited', 'node-reboot']])
  t.match(node.ids(), [/\.exited-\d+-1-0d9c8f6e$/], 'not the id of one with this pid in this boot')
  await end()
})
