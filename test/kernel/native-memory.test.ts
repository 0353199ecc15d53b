import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { readQueueStats } from '#kernel/queue-stats.js'
import { inOwnNetwork, run } from '../support/own-network.js'
import { until } from '../support/until.js'
import { makeGuest, sendFrom, udpFrame } from './guest.js'
import type { LoopResult } from './open-and-close.js'

inOwnNetwork(import.meta.url, () => {
  const guest = makeGuest(0)
  const rule = ['-i', guest.tap, '-p', 'udp', '-j', 'NFQUEUE', '--queue-num', '42']
  run('iptables', '-t', 'mangle', '-A', 'PREROUTING', ...rule)

  const kernelRoom = new URL('../../agent/kernel/', import.meta.url)
  const script = `
    const { parentPort, workerData } = require('worker_threads')
    void (async () => {
      const { openPacketQueue } = await import(workerData + 'packet-queue.js')
      const { followLinks } = await import(workerData + 'links.js')
      const { openFrames } = await import(workerData + 'frames.js')
      openFrames()
      followLinks({ onLink() {}, onGone() {}, onResync() {}, signal: new AbortController().signal })
      openPacketQueue({ queueNumber: 42, defaultVerdict: 'drop', onProblem: (p) => { throw p }, onBatch() {
        parentPort.postMessage('in a batch')
        for (;;) {}
      } })
      parentPort.postMessage('bound')
    })()`

  t.test('a worker that is terminated inside a callback leaves nothing bound', async (t) => {
    for (let i = 0; i < 20; i++) {
      const worker = new Worker(script, { eval: true, workerData: kernelRoom.href })
      t.same(await once(worker, 'message'), ['bound'])
      sendFrom(guest, [udpFrame({}), udpFrame({})])
      t.same(await once(worker, 'message'), ['in a batch'])
      await worker.terminate()
      await until('the queue to be free', () => readQueueStats(42) === undefined || undefined)
    }
  })

  t.test('a worker that is terminated while it waits leaves nothing bound', async (t) => {
    for (let i = 0; i < 5; i++) {
      const worker = new Worker(script, { eval: true, workerData: kernelRoom.href })
      t.same(await once(worker, 'message'), ['bound'])
      await worker.terminate()
      t.equal(readQueueStats(42), undefined)
    }
  })

  t.test('opening, serving and closing again and again takes no more memory', async (t) => {
    const program = fileURLToPath(new URL('open-and-close.js', import.meta.url))
    const args = ['--expose-gc', program, '300', String(guest.nicIndex)]
    const result: LoopResult = JSON.parse(
      execFileSync(process.execPath, args, { encoding: 'utf8' }),
    )
    t.equal(result.verdicts, 300 * 128)
    t.equal(result.descriptorsAfter, result.descriptorsBefore)
    // one batch's memory and buffers are 0.4 MiB: a leak of them would be 90 MiB
    t.ok(result.growthBytes < 10 << 20, `${result.growthBytes} bytes`)
  })
})
