/**
 * What all roles of a node with 500 NICs weigh, and what they cost when nothing happens: `node dist/bench/nics/idle.js [NICs, 500] [seconds, 60]`
 * (root). Memory is the sum of their proportional set sizes (Pss), the hooks role among them, which else rests when it has nothing to do.
 */
import { appendFileSync, readFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { cpuMs, printTable } from '../harness.js'
import { openNode } from './node.js'
import { copyPrograms } from './programs.js'

const [, , nicsText = '500', secondsText = '60'] = process.argv
const roles = ['events', 'responder', 'nics', 'hooks'] as const

/** Holds the other end of each tap, as QEMU does, and sends one frame from it: a broadcast of a kind that nobody answers. */
const speaking = `
import fcntl, os, struct, sys, time
taps = []
for number in range(int(sys.argv[1])):
    tap = os.open('/dev/net/tun', os.O_RDWR)
    fcntl.ioctl(tap, 0x400454ca, struct.pack('16sH22x', b'tap%d' % number, 0x1002))
    os.write(tap, b'\\xff' * 6 + bytes.fromhex('aa0000000001') + b'\\x88\\xb5' + bytes(46))
    taps.append(tap)
print('spoken', flush=True)
time.sleep(100000)
`

using copied = copyPrograms()
await using node = await openNode(Number(nicsText), copied.programs)
appendFileSync(path.join(path.dirname(node.state), 'okeanid.ini'), '[responder]\nnetworks = *\n')
for (const words of [
  ['config', 'compile'],
  ['nic', 'repair'],
])
  await node.okeanid(...words)

// guests that never said anything are looked at every half a second: these run, and have spoken
const guests = node.space.spawn(['python3', '-c', speaking, nicsText])
await guests.said(/^spoken$/m)

const running = new Map<string, number>()
for (const role of roles) {
  const options = ['env', 'NODE_OPTIONS=--max-semi-space-size=1'] // as in systemd/
  const program = node.space.spawn([...options, ...node.argv('agent', '--role', role)])
  await program.said(/^started /m)
  running.set(role, program.pid)
}
await delay(5000)
const hooks = pssMegabytes(running.get('hooks') ?? 0) // it rests when it has had nothing to do for 20 s
const lasting = [...running].filter(([role]) => role !== 'hooks')
const settledMs = await settle(lasting.map(([, pid]) => pid))
const pss = new Map([
  ...lasting.map(([role, pid]) => [role, pssMegabytes(pid)] as const),
  ['hooks', hooks],
])
const before = new Map(lasting.map(([role, pid]) => [role, cpuMs(pid)]))
await delay(Number(secondsText) * 1000)
const share = ([role, pid]: readonly [string, number]) =>
  (cpuMs(pid) - (before.get(role) ?? 0)) / (Number(secondsText) * 10)
const shares = new Map(lasting.map((one) => [one[0], share(one)]))

console.log(`the first looks took ${(settledMs / 1000).toFixed(0)} s`)
const sum = (values: Iterable<number>) => [...values].reduce((all, one) => all + one, 0)
console.log(`${nicsText} NICs, ${secondsText} s, load ${loadavg()[0]?.toFixed(1)}\n`)
printTable(
  ['role', 'Pss, MB', 'CPU of one core, %'],
  [
    ...roles.map((role) => [
      role,
      (pss.get(role) ?? 0).toFixed(1),
      shares.get(role)?.toFixed(2) ?? 'rests',
    ]),
    ['all', sum(pss.values()).toFixed(1), sum(shares.values()).toFixed(2)],
    ['wanted', '<= 170', '< 0.5'],
  ],
)

/** Waits until nothing has been done for five seconds; at most three minutes, for then that is what idle costs. */
async function settle(pids: readonly number[]): Promise<number> {
  const startMs = performance.now()
  const used = () => pids.reduce((all, pid) => all + cpuMs(pid), 0)
  for (let last = Number.NaN; performance.now() - startMs < 180_000; ) {
    await delay(5000)
    const now = used()
    if (now - last <= 50) break
    last = now
  }
  return performance.now() - startMs
}

function pssMegabytes(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  return (Number(/^Pss: +(\d+)/m.exec(rollup)?.[1] ?? Number.NaN) * 1024) / 1e6
}
