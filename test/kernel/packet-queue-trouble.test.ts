import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { setTimeout as tick } from 'node:timers/promises'
import t from 'tap'
import { openFrames } from '#kernel/frames.js'
import { META, META_WORDS, NF_DROP, SLOT_BYTES } from '#kernel/packet-batch.js'
import { openPacketQueue } from '#kernel/packet-queue.js'
import { areQueueStatsReadable, readQueueStats } from '#kernel/queue-stats.js'
import { inOwnNetwork, run } from '../support/own-network.js'
import { until } from '../support/until.js'
import { makeGuest, sendFrom, udpFrame } from './guest.js'
import { hold } from './hold.js'
import { openInbox } from './inbox.js'

inOwnNetwork(import.meta.url, () => {
  run('ip', 'link', 'set', 'lo', 'up')
  const guest = makeGuest(0)
  run('ip', 'address', 'add', '10.9.0.1/24', 'dev', guest.tap)
  const rule = ['-i', guest.tap, '-p', 'udp', '-j', 'NFQUEUE', '--queue-num', '42']
  run('iptables', '-t', 'mangle', '-A', 'PREROUTING', ...rule)

  const waiting = () => readQueueStats(42)?.waiting
  const numbered = (n: number) => udpFrame({ payload: String(n) })

  /** As many frames as the kernel takes in one go, so that none of them is served in between. */
  function flood(count: number): void {
    const frames = openFrames()
    const frame = numbered(0)
    for (let i = 0; i < 128; i++) {
      frames.bytes.set(frame, i * 2048)
      frames.lengths[i] = frame.length
      frames.ifindexes[i] = guest.nicIndex
    }
    for (let left = count; left > 0; left -= 128) frames.send(Math.min(left, 128))
    frames.close()
  }

  t.test(
    'when the callback throws, written verdicts count and the others are the default',
    async (t) => {
      using inbox = await openInbox(67)
      const holder = await hold(t, {
        queueNumber: 42,
        defaultVerdict: 'accept',
        inCallback: 'throw',
      })
      await holder.pause()
      sendFrom(guest, [0, 1, 2].map(numbered))
      holder.resume()
      await until('no packet waits', () => waiting() === 0 || undefined)
      await inbox.settled()
      t.same(inbox.payloads, ['0', '2'])
      sendFrom(guest, [numbered(3)])
      await until('the queue lives on', () => inbox.payloads.includes('3') || undefined)
      t.match(await holder.counters(), { received: 4, verdicts: 4, throws: 2, batches: 2 })
      t.same(holder.uncaught, ['on purpose', 'on purpose'])
    },
  )

  t.test('a queue stays ours when the kernel’s table is not for our eyes', async (t) => {
    const problems: string[] = []
    await using queue = openPacketQueue({
      queueNumber: 42,
      defaultVerdict: 'drop',
      checkEveryMs: 1,
      onBatch: () => {},
      onProblem: ({ code }) => problems.push(code),
    })
    const groups = process.getgroups?.() ?? []
    process.setgroups?.([])
    process.setegid?.(65_534)
    process.seteuid?.(65_534) // as the unit's user: what is open stays open, but /proc's table is root's
    try {
      t.notOk(areQueueStatsReadable())
      for (let ticks = 0; ticks < 5; ticks++) await tick(2)
      t.equal(queue.state.kind, 'bound')
    } finally {
      process.seteuid?.(0)
      process.setegid?.(0)
      process.setgroups?.(groups)
    }
    t.same(problems, [])
    t.equal(queue.counters().bound, 1)
  })

  t.test('closing inside the callback gives all that waits a verdict', async (t) => {
    using inbox = await openInbox(67)
    const holder = await hold(t, { queueNumber: 42, defaultVerdict: 'accept', inCallback: 'close' })
    await holder.pause()
    const sent = Array.from({ length: 200 }, (_, i) => i) // more than a batch
    sendFrom(guest, sent.map(numbered))
    t.equal(waiting(), 200)
    holder.resume()
    await until('the queue is free', () => waiting() === undefined || undefined)
    await inbox.settled()
    t.same(inbox.payloads, sent.map(String))
    t.match(await holder.counters(), { received: 200, verdicts: 200, batches: 1 })
    t.match(holder.state, { kind: 'closed' })
  })

  t.test('a taken queue is waited for, and bound as soon as it is free', async (t) => {
    const first = await hold(t, { queueNumber: 42, defaultVerdict: 'drop' })
    const second = await hold(t, { queueNumber: 42, defaultVerdict: 'drop' })
    t.match(second.state, {
      kind: 'waiting',
      problem: { code: 'EPERM', hint: new RegExp(`${first.child.pid}.*stop that program`) },
    })
    first.child.kill('SIGKILL')
    await until('the second has it', () => second.state?.kind === 'bound' || undefined)
    t.equal(readQueueStats(42)?.portId, second.child.pid)
    t.match(await second.counters(), { bound: 1 })
  })

  t.test('a queue that the kernel forgot is bound again', async (t) => {
    const holder = await hold(t, { queueNumber: 42, defaultVerdict: 'drop', checkEveryMs: 50 })
    run('python3', '-c', unbind, String(holder.child.pid))
    await until('bound again', async () => (await holder.counters()).bound === 2 || undefined)
    sendFrom(guest, [numbered(0)])
    await until('a packet', async () => (await holder.counters()).verdicts === 1 || undefined)
    t.equal(waiting(), 0)
  })

  t.test('16,000 frames while the program is stopped are all served afterwards', async (t) => {
    const holder = await hold(t, { queueNumber: 42, defaultVerdict: 'drop' })
    await holder.pause()
    flood(16_000)
    t.match(readQueueStats(42), { waiting: 16_000, queueDropped: 0, userDropped: 0 })
    holder.resume()
    await until('no packet waits', () => waiting() === 0 || undefined)
    t.match(await holder.counters(), { received: 16_000, verdicts: 16_000, overflows: 0 })
  })

  t.test('a packet that is looked at and dropped costs less than 5 µs of CPU', async (t) => {
    // 200,000 a second on one core; measured: 1 µs
    let bytesSeen = 0
    await using queue = openPacketQueue({
      queueNumber: 42,
      defaultVerdict: 'accept',
      onBatch: ({ bytes, meta, verdicts }, count) => {
        for (let i = 0; i < count; i++) {
          bytesSeen += (meta[i * META_WORDS + META.length] ?? 0) + (bytes[i * SLOT_BYTES] ?? 0)
          verdicts[i] = NF_DROP
        }
      },
      onProblem: ({ message }) => t.fail(message),
    })
    flood(16_000)
    t.equal(waiting(), 16_000)
    const before = process.cpuUsage()
    await until('no packet waits', () => waiting() === 0 || undefined)
    const { user, system } = process.cpuUsage(before)
    t.equal(bytesSeen, 16_000 * (29 + 0x45))
    const limit = process.env['LD_PRELOAD'] === undefined ? 5 : 50 // sanitizers cost
    t.ok((user + system) / 16_000 < limit, `${(user + system) / 16_000} µs`)
    t.match(queue.counters(), { received: 16_000, batches: 250 })
  })

  for (const isSilentOverflow of [false, true]) {
    const name = isSilentOverflow ? 'uncounted by the socket' : 'counted by the socket'
    t.test(`a full receive buffer costs packets, ${name}, and the queue goes on`, async (t) => {
      const options = { queueNumber: 42, defaultVerdict: 'drop', isSilentOverflow } as const
      const holder = await hold(t, { ...options, receiveBufferBytes: 65_536 })
      await holder.pause()
      flood(500)
      const lost = readQueueStats(42)?.userDropped ?? 0
      t.ok(lost > 100, `${lost} lost`)
      holder.resume()
      await until('no packet waits', () => waiting() === 0 || undefined)
      sendFrom(guest, [numbered(0)])
      const all = 501 - lost
      const isServed = async () => (await holder.counters()).verdicts === all || undefined
      await until('all that was kept', isServed)
      t.match(await holder.counters(), { received: all, overflows: isSilentOverflow ? 0 : 1 })
      t.match(holder.state, { kind: 'bound' })
    })
  }

  t.test('a full queue drops, or lets pass when it shall fail open', async (t) => {
    using inbox = await openInbox(67)
    for (const isFailOpen of [false, true]) {
      const options = { queueNumber: 42, defaultVerdict: 'drop', maxLength: 10 } as const
      const holder = await hold(t, { ...options, isFailOpen })
      await holder.pause()
      sendFrom(
        guest,
        Array.from({ length: 30 }, (_, i) => numbered(i)),
      )
      await inbox.settled()
      t.equal(inbox.payloads.length, isFailOpen ? 20 : 0)
      t.match(readQueueStats(42), { waiting: 10, queueDropped: isFailOpen ? 0 : 20 })
      holder.resume()
      await holder.close()
    }
  })

  t.test('verdicts that the kernel cannot take at once are sent again until it does', async (t) => {
    using inbox = await openInbox(67)
    const preloaded = process.env['LD_PRELOAD'] ?? '' // the sanitizers, under npm run check:native
    const env = { LD_PRELOAD: `${preloaded} ${buildShim(t.testdir())}`, FAILING_VERDICTS: '3' }
    const holder = await hold(t, { queueNumber: 42, defaultVerdict: 'accept' }, env)
    const sent = Array.from({ length: 100 }, (_, i) => i)
    sendFrom(guest, sent.map(numbered))
    await until('no packet waits', () => waiting() === 0 || undefined)
    await inbox.settled()
    t.same(inbox.payloads, sent.map(String))
    t.match(await holder.counters(), { received: 100, verdicts: 100, retried: 3 })
  })
})

/**
 * Unbinds the queue of a process through the process's own socket, of which it takes a second descriptor: the kernel
 * forgets that the queue was bound, and nobody tells the process.
 */
const unbind = `
import ctypes, os, socket, struct, sys
pid = int(sys.argv[1])
process = os.pidfd_open(pid)
for fd in os.listdir(f'/proc/{pid}/fd'):
  copy = ctypes.CDLL(None).syscall(438, process, int(fd), 0)  # pidfd_getfd
  if copy < 0 or not os.readlink(f'/proc/self/fd/{copy}').startswith('socket:'): continue
  s = socket.socket(fileno=copy)
  if s.family == socket.AF_NETLINK:
    s.send(struct.pack('=IHHII BBH HHBBH', 28, 0x302, 1, 0, 0, 0, 0, socket.htons(42), 8, 1, 2, 0, 0))
`

/** A library that lets the first FAILING_VERDICTS verdict messages fail as if memory were short. */
function buildShim(folder: string): string {
  const library = path.join(folder, 'shim.so')
  const source = `
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <errno.h>
    #include <linux/netlink.h>
    #include <stdlib.h>
    #include <sys/socket.h>
    ssize_t send(int fd, const void* data, size_t length, int flags) {
      static int left = -1;
      if (left < 0) left = atoi(getenv("FAILING_VERDICTS"));
      const struct nlmsghdr* message = data;
      const int is_verdict = length >= 32 && (message->nlmsg_type == 0x301 || message->nlmsg_type == 0x303);
      if (is_verdict && left > 0) { left--; errno = ENOBUFS; return -1; }
      ssize_t (*next)(int, const void*, size_t, int) = dlsym(RTLD_NEXT, "send");
      return next(fd, data, length, flags);
    }`
  execFileSync('g++', ['-x', 'c', '-shared', '-fPIC', '-o', library, '-', '-ldl'], {
    input: source,
  })
  return library
}
