import fc from 'fast-check'
import t from 'tap'
import { encodeEvent } from '#event/encode.js'
import {
  formatProgressFile,
  imageTypes,
  parseImageProgress,
  readProgressFile,
} from '#event/image-progress.js'
import { maxFactBytes } from '#event/node-fact.js'

const origin = { node: 'n1', cluster: 'c', prefixes: new Map<string, string>() }
const bootId = '6f2d1c52-3d2f-4a8e-9c0b-1f5a3c9be001'

/** What becomes of an object on its way through the spool. */
function sent(said: object) {
  const parsed = parseImageProgress(said)
  if (!parsed.ok) return parsed.problem
  const told = { id: `${bootId}.7.8`, timeMs: 1700000001120, instance: 'snf-42' }
  const text = formatProgressFile({ ...told, progress: parsed.value })
  const event = readProgressFile(text, origin)
  if (!event.ok) return event.problem
  const { routingKey, messageId, body } = encodeEvent(event.value, origin)
  return { routingKey, messageId, body: JSON.parse(body) as Record<string, unknown> }
}

t.test('an object leaves as it is, with the time, the instance and the place', async (t) => {
  t.strictSame(
    sent({ type: 'image-copy-progress', position: 1048576, total: 4194304, progress: 25.0 }),
    {
      routingKey: 'ganeti.snf.event.progress',
      messageId: `progress.n1.${bootId}.7.8`,
      body: {
        position: 1048576,
        total: 4194304,
        progress: 25,
        type: 'image-copy-progress',
        event_time: [1700000001, 120000],
        cluster: 'c',
        node: 'n1',
        instance: 'snf-42',
      },
    },
  )
})

for (const type of imageTypes) {
  t.test(`${type} has Synnefo’s routing key`, async (t) => {
    t.match(sent({ type, progress: 1 }), {
      routingKey: 'ganeti.snf.event.progress',
      body: { type },
    })
  })
}

t.test('the keys that we set are ours, whatever was said', async (t) => {
  const lie = { event_time: [1, 1], instance: 'other', node: 'x', cluster: 'y' }
  t.match(sent({ type: 'image-info', ...lie }), {
    body: { event_time: [1700000001, 120000], instance: 'snf-42', node: 'n1', cluster: 'c' },
  })
})

const refused: readonly { what: string; said: object; why: RegExp }[] = [
  { what: 'another type', said: { type: 'ganeti-op-status' }, why: /type is none of/ },
  { what: 'no type', said: {}, why: /type is none of/ },
  { what: 'a list', said: ['image-info'], why: /no object/ },
  {
    what: 'a copy without percentage',
    said: { type: 'image-copy-progress' },
    why: /no percentage/,
  },
  {
    what: 'a negative one',
    said: { type: 'image-copy-progress', progress: -1 },
    why: /no percentage/,
  },
  { what: 'a word', said: { type: 'image-copy-progress', progress: 'a' }, why: /no percentage/ },
]

for (const { what, said, why } of refused) {
  t.test(`${what} is refused`, async (t) => t.match(sent(said), why))
}

t.test('percentages may be texts, and more than all is all', async (t) => {
  const percentage = (progress: unknown) => {
    const parsed = parseImageProgress({ type: 'image-copy-progress', progress })
    return parsed.ok ? parsed.value.percentage : parsed.problem
  }
  t.strictSame([percentage('12.5'), percentage(137), percentage(0)], [12.5, 100, 0])
})

t.test(
  'whatever is said fits a file of the spool, and what consumers look at is kept',
  async (t) => {
    const huge = {
      stderr: '\u2603'.repeat(50_000),
      messages: new Array(500).fill('x'.repeat(5000)),
    }
    const told = sent({ type: 'image-error', ...huge, extra: new Array(50).fill('y'.repeat(4096)) })
    t.match(told, {
      body: { type: 'image-error', stderr: /^\u2603{600}\.\.\.$/, messages: /^\["xxx/ },
    })
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (said) => {
        const parsed = parseImageProgress({ ...said, type: 'image-helper' })
        if (!parsed.ok) throw new Error(parsed.problem)
        const told = { id: 'b.1', timeMs: 1, instance: 'x'.repeat(253), progress: parsed.value }
        return formatProgressFile(told).length < maxFactBytes
      }),
    )
  },
)

t.test('a file of any content is read or refused, never an error', async () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      readProgressFile(text, origin)
    }),
  )
})
