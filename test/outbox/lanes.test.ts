import t from 'tap'
import { AgentError } from '#errors.js'
import { type DrainOptions, drain, type SendOutcome } from '#outbox/drain.js'
import type { HeldBack } from '#outbox/lanes.js'
import { type Outbox, openOutbox } from '#outbox/outbox.js'
import { listQuarantine, readQuarantined } from '#outbox/quarantine.js'
import { body, takeAll, texts } from './helpers.js'

const confirmed: SendOutcome = { kind: 'confirmed' }
const later: SendOutcome = { kind: 'later', reason: 'full' }

/** Bodies are `<lane><number>`: `a1`, `b1`. */
function laneOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString().slice(0, 1)
}

interface Run {
  readonly sent: readonly string[]
  readonly held: readonly (HeldBack | undefined)[]
}

/** Drains until the outbox is empty, or `isOver`; no time passes in pauses. */
async function drained(
  outbox: Outbox,
  send: (text: string, count: number) => Promise<SendOutcome>,
  {
    isOver = () => outbox.stats().backlogCount === 0,
    ...more
  }: Partial<DrainOptions> & { readonly isOver?: () => boolean } = {},
): Promise<Run> {
  const stop = new AbortController()
  const sent: string[] = []
  const held: (HeldBack | undefined)[] = []
  const running = drain({
    outbox,
    signal: stop.signal,
    laneOf,
    random: () => 0,
    backoff: { firstMs: 1, maxMs: 4 },
    async pause(_ms, signal) {
      await new Promise(setImmediate)
      signal.throwIfAborted()
    },
    send(bytes) {
      const text = Buffer.from(bytes).toString()
      sent.push(text)
      return send(text, sent.length)
    },
    onHeldBack: (now) => held.push(now),
    ...more,
  })
  const over = (async () => {
    while (!isOver()) await new Promise(setImmediate)
    stop.abort()
  })()
  await Promise.race([running, over])
  await running
  return { sent, held }
}

/** The order in which a lane's entries arrived last: what a consumer ends with. */
function lastArrivals(arrived: readonly string[], lane: string): readonly string[] {
  const ofLane = arrived.filter((text) => text.startsWith(lane))
  return [...new Set(ofLane.toReversed())].reverse()
}

t.test('one that is not taken keeps its lane waiting, in order, and nobody else', async (t) => {
  await using outbox = await openOutbox({ dir: t.testdir() })
  await outbox.append(['a1', 'b1', 'a2', 'b2', 'a3', 'b3'].map(body))
  let refusals = 0
  const arrived: string[] = []
  const { sent, held } = await drained(
    outbox,
    async (text) => {
      if (text === 'a1' && arrived.filter((one) => one.startsWith('b')).length < 3) {
        refusals += 1
        return later
      }
      arrived.push(text)
      return confirmed
    },
    { windowCount: 1 },
  )
  t.ok(refusals > 0)
  t.strictSame(arrived, ['b1', 'b2', 'b3', 'a1', 'a2', 'a3'])
  t.equal(sent.length, 6 + refusals)
  t.same(
    held.find((one) => one?.count === 3),
    { count: 3, reason: 'full' },
  )
  t.equal(held.at(-1), undefined)
  t.match(outbox.stats(), { backlogCount: 0, quarantinedCount: 0 })
})

t.test('what was under way behind it is sent once more, behind it', async (t) => {
  await using outbox = await openOutbox({ dir: t.testdir() })
  await outbox.append(['a1', 'a2', 'b1', 'a3'].map(body))
  const arrived: string[] = []
  await drained(outbox, async (text, count) => {
    if (count === 1) return later
    await new Promise(setImmediate) // the others are confirmed after the first was not
    arrived.push(text)
    return confirmed
  })
  t.strictSame(lastArrivals(arrived, 'a'), ['a1', 'a2', 'a3'])
  t.strictSame(
    arrived.filter((text) => text === 'b1'),
    ['b1'],
  )
})

t.test('a lane that waits is handed out again after a lost connection', async (t) => {
  await using outbox = await openOutbox({ dir: t.testdir() })
  await outbox.append(['a1', 'a2', 'b1'].map(body))
  let isLost = false
  const arrived: string[] = []
  await drained(
    outbox,
    (text) => {
      if (text === 'b1' && !isLost) {
        isLost = true
        return Promise.reject(new AgentError('BROKER_LOST', 'made up'))
      }
      if (!isLost) return Promise.resolve(later)
      arrived.push(text)
      return Promise.resolve(confirmed)
    },
    { windowCount: 1 },
  )
  t.strictSame(arrived, ['a1', 'a2', 'b1'])
})

t.test('the pause grows while nothing is taken, and begins anew when something is', async (t) => {
  await using outbox = await openOutbox({ dir: t.testdir() })
  await outbox.append(['a1', 'a2'].map(body))
  const pauses: number[] = []
  await drained(outbox, async (_text, count) => (count < 5 || count === 6 ? later : confirmed), {
    windowCount: 1,
    random: () => 0.999,
    backoff: { firstMs: 100, maxMs: 400 },
    async pause(ms, signal) {
      pauses.push(Math.round(ms / 100))
      await new Promise(setImmediate)
      signal.throwIfAborted()
    },
  })
  t.strictSame(pauses.slice(0, 5), [1, 2, 4, 4, 1])
})

t.test('before one that waits stops all others it is moved aside', async (t) => {
  const dir = t.testdir()
  await using outbox = await openOutbox({ dir, maxOutCount: 4 })
  await outbox.append(['a1', 'b1', 'b2', 'b3', 'b4', 'b5', 'a2'].map(body))
  const asides: string[] = []
  const arrived: string[] = []
  await drained(
    outbox,
    async (text) => {
      if (text === 'a1') return later
      arrived.push(text)
      return confirmed
    },
    { windowCount: 1, onQuarantine: (_sequence, reason) => asides.push(reason) },
  )
  t.strictSame(arrived, ['b1', 'b2', 'b3', 'b4', 'b5', 'a2'])
  t.match(asides, [/^full; moved aside because too much waited behind it$/])
  const [file] = await listQuarantine(dir)
  t.match(await readQuarantined(dir, file?.name ?? ''), { sequence: 1 })
})

t.test('where nothing is taken nothing is moved aside, however much waits', async (t) => {
  const dir = t.testdir()
  await using outbox = await openOutbox({ dir, maxOutCount: 4 })
  await outbox.append(['a1', 'b1', 'c1', 'd1', 'e1', 'f1'].map(body))
  let isOver = false
  const { sent } = await drained(
    outbox,
    async (_text, count) => {
      isOver = count > 40
      return later
    },
    { isOver: () => isOver },
  )
  t.notOk(sent.includes('e1'), 'no more is handed out')
  t.match(outbox.stats(), { backlogCount: 6, quarantinedCount: 0 })
})

t.test('a full ledger hands out again what was out, after a rewind', async (t) => {
  await using outbox = await openOutbox({ dir: t.testdir(), maxOutCount: 3 })
  await outbox.append(['a1', 'a2', 'a3', 'a4'].map(body))
  t.strictSame(texts(await takeAll(outbox)), ['a1', 'a2', 'a3'])
  outbox.ack(2)
  t.equal(outbox.isStalled(), false, 'one of three')
  outbox.ack(3)
  t.equal(outbox.isStalled(), true)
  outbox.rewind()
  t.equal(outbox.isStalled(), false)
  t.strictSame(texts(await takeAll(outbox)), ['a1'])
  outbox.ack(1)
  t.strictSame(texts(await takeAll(outbox)), ['a4'])
})

t.test('a refused one is never overtaken by another of its lane', async (t) => {
  await using outbox = await openOutbox({ dir: t.testdir() })
  await outbox.append(['a1', 'a2', 'b1'].map(body))
  const arrived: string[] = []
  let isCured = false
  await drained(
    outbox,
    (text) => {
      if (text === 'a1' && !isCured) return Promise.reject(new AgentError('BROKER_REFUSED', 'no'))
      if (text === 'b1') isCured = true
      arrived.push(text)
      return Promise.resolve(confirmed)
    },
    { windowCount: 1 },
  )
  t.strictSame(arrived, ['b1', 'a1', 'a2'])
})

t.test('what is read and discarded', async (t) => {
  const dir = t.testdir()
  const outbox = await openOutbox({ dir, segmentBytes: 60, hotBytes: 0 })
  for (const text of ['a1', 'a2', 'a3', 'a4', 'a5']) await outbox.append([body(text)])
  t.equal(await outbox.read(1), undefined, 'not handed out')
  await outbox.take({ maxCount: 3, maxBytes: 1000 })
  t.equal(Buffer.from((await outbox.read(2)) ?? []).toString(), 'a2')
  outbox.ack(2)
  t.equal(await outbox.read(2), undefined, 'acknowledged')
  t.equal(await outbox.discard(), 4)
  t.match(outbox.stats(), { backlogCount: 0 })
  outbox.ack(1)
  t.equal(await outbox.read(3), undefined)
  await outbox.append([body('a6')])
  outbox.rewind()
  t.strictSame(texts(await takeAll(outbox)), ['a6'])
  await outbox.close()
  await using again = await openOutbox({ dir })
  t.strictSame(texts(await takeAll(again)), ['a6'])
})
