import t from 'tap'
import { AgentError } from '#errors.js'
import { drain, type SendOutcome } from '#outbox/drain.js'
import { type Outbox, openOutbox } from '#outbox/outbox.js'
import { listQuarantine } from '#outbox/quarantine.js'
import { fakeDisk } from './fake-disk.js'
import { bodies, body, takeAll, texts } from './helpers.js'

const confirmed: SendOutcome = { kind: 'confirmed' }
const lost = () => Promise.reject(new AgentError('BROKER_LOST', 'made up'))
const refused = () => Promise.reject(new AgentError('BROKER_REFUSED', 'made up'))

/** No time passes in these tests; pauses are recorded and over at once. */
function instantly(pauses: number[] = []) {
  return {
    random: () => 0,
    backoff: { firstMs: 100, maxMs: 800 },
    async pause(ms: number, signal: AbortSignal) {
      pauses.push(ms)
      await new Promise(setImmediate)
      signal.throwIfAborted()
    },
  }
}

/** Resolves when the outbox has nothing left, then ends the drain. */
async function untilEmpty(outbox: Outbox, stop: AbortController): Promise<void> {
  while (outbox.stats().backlogCount > 0 && !stop.signal.aborted) await new Promise(setImmediate)
  stop.abort()
}

async function drained(
  outbox: Outbox,
  send: (text: string, count: number) => Promise<SendOutcome>,
  more: Partial<Parameters<typeof drain>[0]> = {},
): Promise<readonly string[]> {
  const stop = new AbortController()
  const sent: string[] = []
  const running = drain({
    ...instantly(),
    outbox,
    signal: stop.signal,
    send(bytes) {
      const text = Buffer.from(bytes).toString()
      sent.push(text)
      return send(text, sent.length)
    },
    ...more,
  })
  try {
    await Promise.race([running, untilEmpty(outbox, stop)])
    await running
  } finally {
    stop.abort()
  }
  return sent
}

t.test('sends in order and acknowledges what is confirmed', async (t) => {
  await using outbox = await openOutbox({ dir: t.testdir() })
  await outbox.append(bodies(5))
  const sent = await drained(outbox, async () => confirmed)
  t.strictSame(sent, ['entry 1', 'entry 2', 'entry 3', 'entry 4', 'entry 5'])
  t.match(outbox.stats(), { backlogCount: 0, ackedCount: 5 })
})

t.test('sends what is appended while it waits', async (t) => {
  await using outbox = await openOutbox({ dir: t.testdir() })
  const stop = new AbortController()
  const arrivals: string[] = []
  let arrived = () => {}
  const running = drain({
    ...instantly(),
    outbox,
    signal: stop.signal,
    async send(bytes) {
      arrivals.push(Buffer.from(bytes).toString())
      arrived()
      return confirmed
    },
  })
  for (const text of ['a', 'b', 'c']) {
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve
    })
    await outbox.append([body(text)])
    await arrival
  }
  stop.abort()
  await running
  t.strictSame(arrivals, ['a', 'b', 'c'])
})

const windows = [
  { name: 'a count', options: { windowCount: 4 }, most: 4 },
  { name: 'bytes', options: { windowBytes: 20 }, most: 3 },
]
for (const c of windows) {
  t.test(`never more is out than ${c.name} allows`, async (t) => {
    await using outbox = await openOutbox({ dir: t.testdir() })
    await outbox.append(bodies(30))
    let out = 0
    let most = 0
    const send = async () => {
      out += 1
      most = Math.max(most, out)
      await new Promise(setImmediate)
      out -= 1
      return confirmed
    }
    t.equal((await drained(outbox, send, c.options)).length, 30)
    t.equal(most, c.most)
  })
}

t.test('a connection lost while the disk is read: what was lost goes first', async (t) => {
  await using outbox = await openOutbox({ dir: t.testdir() })
  await outbox.append([body('a')])
  let lose = () => {}
  const slow: Outbox = {
    ...outbox,
    async take(options) {
      const entries = await outbox.take(options)
      if (texts(entries).includes('b')) lose()
      await new Promise(setImmediate)
      return entries
    },
  }
  const sent = await drained(slow, (_text, count) => {
    if (count > 1) return Promise.resolve(confirmed)
    void outbox.append([body('b')]) // fails the test when it rejects
    return new Promise((_resolve, reject) => {
      lose = () => reject(new AgentError('BROKER_LOST', 'made up'))
    })
  })
  t.strictSame(sent, ['a', 'a', 'b'])
})

t.test('a lost connection: what was out is sent again, in order, nothing else', async (t) => {
  await using outbox = await openOutbox({ dir: t.testdir() })
  await outbox.append(bodies(6))
  const sent = await drained(outbox, async (text, count) => {
    const isConfirmed = count > 6 || text === 'entry 1' || text === 'entry 3'
    return isConfirmed ? confirmed : lost()
  })
  t.strictSame(sent.slice(6), ['entry 2', 'entry 4', 'entry 5', 'entry 6'])
  t.equal(outbox.stats().backlogCount, 0)
})

t.test('poison goes to the quarantine, the others go on', async (t) => {
  const dir = t.testdir()
  await using outbox = await openOutbox({ dir })
  await outbox.append(bodies(4))
  const told: unknown[] = []
  const sent = await drained(
    outbox,
    async (text) => (text === 'entry 2' ? { kind: 'poison', reason: 'not JSON' } : confirmed),
    { onQuarantine: (...what) => told.push(what) },
  )
  t.equal(sent.length, 4)
  t.match(outbox.stats(), { backlogCount: 0, quarantinedCount: 1, ackedCount: 3 })
  t.strictSame(told, [[2, 'not JSON']])
  t.equal((await listQuarantine(dir)).length, 1)
})

t.test('poison on a full disk stays, and is moved aside when there is space', async (t) => {
  const { disk, failNext } = fakeDisk()
  await using outbox = await openOutbox({ dir: t.testdir(), disk })
  await outbox.append(bodies(3))
  failNext('write', 'ENOSPC')
  const pauses: number[] = []
  const sent = await drained(
    outbox,
    async (text) => (text === 'entry 1' ? { kind: 'poison', reason: 'bad' } : confirmed),
    instantly(pauses),
  )
  t.strictSame(sent, ['entry 1', 'entry 2', 'entry 3', 'entry 1'])
  t.strictSame(pauses.slice(0, 1), [50])
  t.equal(outbox.stats().quarantinedCount, 1)
})

const culprits = [
  { name: 'the first', bad: [1] },
  { name: 'the last', bad: [40] },
  { name: 'one in the middle', bad: [23] },
  { name: 'several neighbours', bad: [20, 21, 22, 23, 24] },
  { name: 'several apart', bad: [3, 17, 18, 39] },
]
for (const c of culprits) {
  for (const how of ['alone', 'with all that are out'] as const) {
    t.test(`refused for ever ${how}: ${c.name} is moved aside, the others arrive`, async (t) => {
      await using outbox = await openOutbox({ dir: t.testdir() })
      await outbox.append(bodies(40))
      await outbox.append(bodies(40, 'good '))
      const isBad = (text: string) => c.bad.some((number) => text === `entry ${number}`)
      const arrived = new Set<string>()
      let channel = { isBroken: false }
      const send = async (text: string) => {
        if (channel.isBroken) channel = { isBroken: false }
        const mine = channel
        if (isBad(text) && how === 'alone') return refused()
        if (isBad(text)) mine.isBroken = true
        await new Promise(setImmediate)
        if (mine.isBroken) return refused()
        arrived.add(text)
        return confirmed
      }
      await drained(outbox, send, { windowCount: 16 })
      t.equal(arrived.size, 80 - c.bad.length)
      t.match(outbox.stats(), { backlogCount: 0, quarantinedCount: c.bad.length })
    })
  }
}

t.test('while everything is refused nobody is to blame', async (t) => {
  await using outbox = await openOutbox({ dir: t.testdir() })
  await outbox.append(bodies(10))
  const pauses: number[] = []
  const sent = await drained(outbox, async (_, count) => (count > 200 ? confirmed : refused()), {
    ...instantly(pauses),
    refusalCount: 2,
  })
  t.ok(sent.length > 200)
  t.match(outbox.stats(), { backlogCount: 0, quarantinedCount: 0, ackedCount: 10 })
  t.strictSame(pauses.slice(0, 5), [50, 100, 200, 400, 400], 'patience grows, to a limit')
})

t.test(
  'one that is refused and has nobody behind it stays until the next one is appended',
  async (t) => {
    await using outbox = await openOutbox({ dir: t.testdir() })
    await outbox.append([body('bad')])
    const appended: Promise<void>[] = []
    const sent = await drained(outbox, async (text, count) => {
      if (count % 20 === 0 && count <= 100) appended.push(outbox.append([body(`good ${count}`)]))
      return text === 'bad' ? refused() : confirmed
    })
    await Promise.all(appended)
    t.strictSame(
      sent.slice(0, 20),
      Array.from({ length: 20 }, () => 'bad'),
    )
    t.match(outbox.stats(), { backlogCount: 0, quarantinedCount: 1, ackedCount: 5 })
  },
)

t.test('a refusal that passes is no crime', async (t) => {
  await using outbox = await openOutbox({ dir: t.testdir() })
  await outbox.append(bodies(5))
  const sent = await drained(outbox, async (_, count) => (count === 3 ? refused() : confirmed))
  t.equal(sent.filter((text) => text === 'entry 3').length, 2)
  t.match(outbox.stats(), { quarantinedCount: 0, ackedCount: 5 })
})

t.test('the signal: no new ones, those out may settle', async (t) => {
  await using outbox = await openOutbox({ dir: t.testdir() })
  await outbox.append(bodies(5))
  const stop = new AbortController()
  const settle: ((outcome: SendOutcome) => void)[] = []
  const never = new Promise<void>(() => {})
  const running = drain({
    ...instantly(),
    outbox,
    windowCount: 2,
    signal: stop.signal,
    pause: () => never,
    send: () => new Promise((resolve) => settle.push(resolve)),
  })
  while (settle.length < 2) await new Promise(setImmediate)
  stop.abort()
  for (const confirm of settle) confirm(confirmed)
  await running
  t.match(outbox.stats(), { ackedCount: 2, backlogCount: 3 })
})

t.test('the signal: what does not settle in time is left for the next start', async (t) => {
  const dir = t.testdir()
  const outbox = await openOutbox({ dir })
  await outbox.append(bodies(2))
  const stop = new AbortController()
  const pauses: number[] = []
  const running = drain({
    ...instantly(pauses),
    outbox,
    signal: stop.signal,
    settleMs: 1234,
    send: () => new Promise(() => stop.abort()),
  })
  await running
  t.strictSame(pauses, [1234])
  await outbox.close()
  await using again = await openOutbox({ dir })
  t.strictSame(texts(await takeAll(again)), ['entry 1', 'entry 2'])
})

t.test('a bug in send ends the drain', async (t) => {
  await using outbox = await openOutbox({ dir: t.testdir() })
  await outbox.append(bodies(3))
  const bug = () => Promise.reject(new TypeError('x is not a function'))
  await t.rejects(drained(outbox, bug), TypeError)
  t.equal(outbox.stats().backlogCount, 3)
})

t.test('a closed outbox ends the drain', async (t) => {
  const outbox = await openOutbox({ dir: t.testdir() })
  const { signal } = new AbortController()
  const running = drain({ ...instantly(), outbox, signal, send: async () => confirmed })
  const ended = t.rejects(running, { code: 'OUTBOX_CLOSED' })
  await outbox.close()
  await ended
})
