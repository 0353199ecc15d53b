import t from 'tap'
import { createCourier } from '#forward/courier.js'
import type { PostOutcome } from '#forward/outcome.js'

const never = new AbortController().signal

/** A courier whose receiver answers as it is told, by the text of the body. */
function courierWith(answer: (body: string, tries: number) => PostOutcome, refusedTries = 5) {
  const posted: string[] = []
  const courier = createCourier({
    parallel: 4,
    backoff: { firstMs: 1, maxMs: 2 },
    refusedTries,
    async post(body) {
      posted.push(body)
      return answer(body, posted.filter((one) => one === body).length)
    },
    onOutcome: () => undefined,
    random: () => 0,
  })
  return { courier, posted }
}

const taken = { kind: 'taken' } as const
const again = { kind: 'again', why: 'status 500' } as const
const refused = { kind: 'refused', why: 'status 400' } as const

t.test(
  'a message is tried until it is taken; what is behind it of its subject waits',
  async (t) => {
    const { courier, posted } = courierWith((body, tries) =>
      body === 'a1' && tries < 4 ? again : taken,
    )
    await Promise.all(['a1', 'a2'].map((body) => courier.deliver('a', body, never)))
    t.strictSame(posted, ['a1', 'a1', 'a1', 'a1', 'a2'])
  },
)

t.test('another subject does not wait', async (t) => {
  const stop = new AbortController()
  const { courier, posted } = courierWith((body) => (body === 'a' ? again : taken))
  const waiting = t.rejects(courier.deliver('a', 'a', stop.signal), { code: 'BROKER_LOST' })
  await courier.deliver('b', 'b', never)
  t.ok(posted.includes('b'))
  stop.abort()
  await waiting
})

t.test('what is refused for itself is given up after its tries, or never', async (t) => {
  const { courier, posted } = courierWith(() => refused)
  t.equal(await courier.deliver('a', 'x', never), 'status 400')
  t.equal(posted.length, 5)
  const patient = courierWith(
    (_body, tries) => (tries < 9 ? refused : taken),
    Number.POSITIVE_INFINITY,
  )
  t.equal(await patient.courier.deliver('a', 'x', never), undefined)
  t.equal(patient.posted.length, 9)
})

t.test(
  'a signal that aborts ends it without an acknowledgement, also of those behind',
  async (t) => {
    const stop = new AbortController()
    const { courier, posted } = courierWith(() => again)
    const both = ['x', 'y'].map((body) =>
      t.rejects(courier.deliver('a', body, stop.signal), { code: 'BROKER_LOST' }),
    )
    await new Promise(setImmediate)
    stop.abort()
    await Promise.all(both)
    t.notOk(posted.includes('y'))
  },
)
