import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { type Outbox, openOutbox } from '#outbox/outbox.js'
import { takeAll } from './helpers.js'

/**
 * What an outbox is, without disk, segments, memory or cursor: a list, and for each entry whether it is out and
 * whether it is acknowledged.
 */
interface Model {
  readonly entries: { readonly text: string; isOut: boolean; isAcked: boolean }[]
  readAt: number
}

type Step =
  | { readonly kind: 'append'; readonly lengths: readonly number[] }
  | { readonly kind: 'take'; readonly count: number }
  | { readonly kind: 'ack'; readonly which: number }
  | { readonly kind: 'rewind' | 'reopen' | 'crash' }

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('append' as const),
    lengths: fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 6 }),
  }),
  fc.record({ kind: fc.constant('take' as const), count: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ kind: fc.constant('ack' as const), which: fc.nat(1000) }),
  fc.record({ kind: fc.constant('ack' as const), which: fc.nat(1000) }),
  fc.record({ kind: fc.constantFrom('rewind' as const, 'reopen' as const, 'crash' as const) }),
)

const root = mkdtempSync(join(tmpdir(), 'outbox-model-'))
t.teardown(() => rmSync(root, { recursive: true }))
let runCount = 0

async function run(steps: readonly Step[], hotBytes: number): Promise<void> {
  runCount += 1
  let dir = join(root, `${runCount}`)
  let crashes = 0
  const open = () =>
    openOutbox({ dir, hotBytes, segmentBytes: 150, cursorPolicy: { everyMs: 1e6, everyCount: 3 } })
  const model: Model = { entries: [], readAt: 0 }
  let outbox = await open()
  try {
    for (const step of steps) {
      switch (step.kind) {
        case 'append':
          await append(outbox, model, step.lengths)
          break
        case 'take':
          await take(outbox, model, step.count)
          break
        case 'ack':
          ack(outbox, model, step.which)
          break
        case 'rewind':
          outbox.rewind()
          model.readAt = 0
          break
        case 'reopen':
          await outbox.close()
          outbox = await open()
          forget(model, { from: firstUnacked(model) })
          break
        case 'crash': {
          // What a kill -9 leaves: the files as they are, now, and nothing of the process.
          const old = outbox
          const before = dir
          crashes += 1
          dir = `${dir}-${crashes}`
          cpSync(before, dir, { recursive: true })
          outbox = await open()
          await old.close()
          await catchUpAfterCrash(outbox, model)
          break
        }
      }
      const backlogCount = model.entries.filter((entry) => !entry.isAcked).length
      equal(outbox.stats().backlogCount, backlogCount, 'backlog')
    }
    await takeEverything(outbox, model)
  } finally {
    await outbox.close()
    rmSync(dir, { recursive: true })
  }
}

async function append(outbox: Outbox, model: Model, lengths: readonly number[]): Promise<void> {
  const texts = lengths.map(
    (length, index) => `${model.entries.length + index}:${'x'.repeat(length)}`,
  )
  await outbox.append(texts.map((text) => Buffer.from(text)))
  for (const text of texts) model.entries.push({ text, isOut: false, isAcked: false })
}

async function take(outbox: Outbox, model: Model, count: number): Promise<void> {
  const entries = await outbox.take({ maxCount: count, maxBytes: 1e6 })
  const expected: string[] = []
  while (expected.length < count && model.readAt < model.entries.length) {
    const entry = model.entries[model.readAt]
    if (entry && !entry.isAcked) {
      expected.push(entry.text)
      entry.isOut = true
    }
    model.readAt += 1
  }
  equal(
    entries.map((entry) => Buffer.from(entry.body).toString()),
    expected,
    'taken',
  )
  equal(
    entries.map(({ sequence }) => model.entries[sequence - 1]?.text),
    expected,
    'numbers',
  )
}

function ack(outbox: Outbox, model: Model, which: number): void {
  const out = model.entries.flatMap((entry, index) => (entry.isOut ? [index] : []))
  const index = out[which % out.length]
  if (index === undefined) return
  outbox.ack(index + 1)
  const entry = model.entries[index]
  if (entry) entry.isAcked = true
}

/** After a crash the cursor may lag: what comes again must be a suffix that holds all that is not acknowledged. */
async function catchUpAfterCrash(outbox: Outbox, model: Model): Promise<void> {
  const again = await takeAll(outbox, 3)
  const from = (again[0]?.sequence ?? model.entries.length + 1) - 1
  if (from > firstUnacked(model)) throw new Error(`entry ${firstUnacked(model) + 1} is lost`)
  forget(model, { from })
  const expected = model.entries.slice(from).map((entry) => entry.text)
  equal(
    again.map((entry) => Buffer.from(entry.body).toString()),
    expected,
    'after a crash',
  )
  outbox.rewind()
  for (const entry of model.entries.slice(from)) entry.isOut = true
}

async function takeEverything(outbox: Outbox, model: Model): Promise<void> {
  outbox.rewind()
  const expected = model.entries.filter((entry) => !entry.isAcked).map((entry) => entry.text)
  const entries = await takeAll(outbox, 5)
  equal(
    entries.map((entry) => Buffer.from(entry.body).toString()),
    expected,
    'in the end',
  )
}

function firstUnacked(model: Model): number {
  const index = model.entries.findIndex((entry) => !entry.isAcked)
  return index < 0 ? model.entries.length : index
}

/** The process ended: nothing is out, and of the acknowledgements only those before `from` are remembered. */
function forget(model: Model, { from }: { readonly from: number }): void {
  model.entries.forEach((entry, index) => {
    entry.isAcked = index < from
    entry.isOut = false
  })
  model.readAt = 0
}

function equal(found: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)]
  if (a !== b) throw new Error(`${what}: found ${a}, expected ${b}`)
}

for (const hotBytes of [0, 100, 1_000_000]) {
  t.test(
    `property: any use of an outbox equals the same use of a list (${hotBytes} bytes hot)`,
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(anyStep, { maxLength: 40 }), (steps) => run(steps, hotBytes)),
        { numRuns: 60 },
      )
    },
  )
}
