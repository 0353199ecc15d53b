import t from 'tap'
import { type BatcherOptions, createBatcher } from '#central/update/batcher.js'
import type { Incoming } from '#central/update/incoming.js'
import { incoming } from './rows.js'

const live = () => true

/** A batcher whose batches and graves can be looked at; it takes all but what is called poison. */
function batching(more: Partial<BatcherOptions> = {}) {
  const batches: string[][] = []
  const graves: string[] = []
  const batcher = createBatcher({
    async take(messages) {
      const bodies = messages.map(({ body }) => body)
      batches.push(bodies)
      if (bodies.some((body) => body.startsWith('poison'))) throw new Error('cannot be taken')
    },
    async bury(message) {
      graves.push(message.body)
    },
    isTransient: (error) => error instanceof Error && error.message === 'away',
    maxCount: 8,
    backoff: { firstMs: 1, maxMs: 2 },
    random: () => 0.5,
    ...more,
  })
  return { batcher, batches, graves }
}

function messages(bodies: readonly string[]): readonly Incoming[] {
  return bodies.map((body) => incoming(body))
}

t.test('what comes together is taken together, in order, up to a number', async (t) => {
  const { batcher, batches } = batching({ maxCount: 3 })
  const all = messages(['a', 'b', 'c', 'd', 'e'])
  await Promise.all(all.map((one) => batcher.push(one, live)))
  t.same(batches, [
    ['a', 'b', 'c'],
    ['d', 'e'],
  ])
})

t.test('what comes alone waits for nobody', async (t) => {
  const { batcher, batches } = batching()
  await batcher.push(incoming('a'), live)
  await batcher.push(incoming('b'), live)
  t.same(batches, [['a'], ['b']])
})

t.test('a poisonous message is found and put aside, the others are taken', async (t) => {
  const { batcher, batches, graves } = batching()
  const all = messages(['a', 'b', 'poison 1', 'c', 'd', 'e', 'f', 'poison 2'])
  await Promise.all(all.map((one) => batcher.push(one, live)))
  t.same(graves, ['poison 1', 'poison 2'])
  const taken = batches.filter((bodies) => !bodies.some((body) => body.startsWith('poison')))
  t.same(taken.flat(), ['a', 'b', 'c', 'd', 'e', 'f'])
})

t.test('while the store is away everything waits, and keeps its order', async (t) => {
  let failures = 5
  const retries: unknown[] = []
  const taken: string[] = []
  const { batcher } = batching({
    async take(messages) {
      failures -= 1
      if (failures >= 0) throw new Error('away')
      taken.push(...messages.map(({ body }) => body))
    },
    onRetry: (error) => retries.push(error),
  })
  await Promise.all(messages(['a', 'b', 'c']).map((one) => batcher.push(one, live)))
  t.same(taken, ['a', 'b', 'c'])
  t.equal(retries.length, 5)
})

t.test('a grave that cannot be dug is tried again: the message is not lost', async (t) => {
  const graves: string[] = []
  let failures = 3
  const { batcher } = batching({
    async bury(message) {
      failures -= 1
      if (failures >= 0) throw new Error('no table of that name')
      graves.push(message.body)
    },
  })
  await batcher.push(incoming('poison'), live)
  t.same(graves, ['poison'])
})

t.test('what comes again on another connection anyway is let go', async (t) => {
  let isLive = true
  let isAway = true
  const taken: string[] = []
  const { batcher } = batching({
    async take(messages) {
      if (isAway) throw new Error('away')
      taken.push(...messages.map(({ body }) => body))
    },
    onRetry() {
      isLive = false
    },
  })
  const old = messages(['a', 'b']).map((one) => batcher.push(one, () => isLive))
  await Promise.all(old)
  t.same(taken, [])
  isAway = false
  await Promise.all(messages(['a', 'b']).map((one) => batcher.push(one, live)))
  t.same(taken, ['a', 'b'])
})

t.test('its end waits for what is under way, and begins nothing', async (t) => {
  let finish = () => {}
  const begun: string[] = []
  const { batcher } = batching({
    maxCount: 1,
    async take(messages) {
      begun.push(...messages.map(({ body }) => body))
      await new Promise<void>((resolve) => {
        finish = resolve
      })
    },
  })
  const [first] = messages(['a', 'b']).map((one) => batcher.push(one, live))
  await new Promise((resolve) => setImmediate(resolve))
  const closing = batcher.close()
  finish()
  await closing
  await first
  t.same(begun, ['a'])
})
