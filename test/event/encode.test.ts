import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { decodeMessage, encodeMessage, splitMessage } from '#event/codec.js'
import { encodeEvent, formatTime } from '#event/encode.js'
import { jobFactKey } from '#event/message-id.js'
import { routingPrefix } from '#event/routing.js'
import type { OpStatus } from '#ganeti/status.js'
import { foldStatuses } from '#ganeti/status-runs.js'

const prefixes: readonly [name: string, prefix: string, why: string][] = [
  ['snf-42', 'snf', 'text before the first dash'],
  ['snf-net-7', 'snf', 'text before the first dash'],
  ['web1.example.com', 'web1', 'first label when there is no dash'],
  ['web.my-site.com', 'web', 'no dot even when the dash comes later'],
  ['special.example.com', 'given', 'a configured prefix'],
  ['-x', '_', 'never empty'],
  ['été', '_t_', 'printable ASCII only'],
]

for (const [name, prefix, why] of prefixes) {
  t.test(`the prefix of ${name} is ${prefix}: ${why}`, async (t) => {
    t.equal(routingPrefix(name, new Map([['special.example.com', 'given']])), prefix)
  })
}

t.test('a prefix has no dot and at most 100 characters, whatever the name', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (name) => {
      assert.match(routingPrefix(name, new Map()), /^[\x21-\x2d\x2f-\x7e]{1,100}$/)
    }),
  )
})

t.test('times are the ones that Date would print, with microseconds', async () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 253_402_300_799 }),
      fc.integer({ min: 0, max: 999_999 }),
      (seconds, micros) => {
        const expected = new Date(seconds * 1000)
          .toISOString()
          .replace('.000Z', `.${String(micros).padStart(6, '0')}Z`)
        assert.equal(formatTime([seconds, micros]), expected)
      },
    ),
  )
})

t.test('an unknown or impossible time is left out', async (t) => {
  t.strictSame(
    [null, [-1, 0], [1e15, 0]].map((time) => formatTime(time as [number, number] | null)),
    [undefined, undefined, undefined],
  )
})

t.test('a message has the CloudEvents attributes and ASCII JSON', async (t) => {
  const message = encodeEvent(
    {
      messageId: 'id-1',
      routingPrefix: 'snf',
      subject: 'job-7',
      body: {
        type: 'ganeti-job-status',
        event_time: [1_700_000_012, 345_678],
        cluster: 'gnt é',
        jobId: 7,
        status: 'queued',
        op_count: 0,
        summary: [],
        ops: [],
      },
    },
    { node: 'n1', cluster: 'gnt é' },
  )
  t.strictSame(message, {
    routingKey: 'ganeti.event.job',
    messageId: 'id-1',
    timestampSeconds: 1_700_000_012,
    headers: {
      schema: 1,
      node: 'n1',
      'cloudEvents:specversion': '1.0',
      'cloudEvents:id': 'id-1',
      'cloudEvents:type': 'okeanid.ganeti-job-status',
      'cloudEvents:source': '/ganeti/gnt%20%C3%A9',
      'cloudEvents:subject': 'job-7',
      'cloudEvents:time': '2023-11-14T22:13:32.345678Z',
    },
    body: '{"type":"ganeti-job-status","event_time":[1700000012,345678],"cluster":"gnt \\u00e9","jobId":7,"status":"queued","op_count":0,"summary":[],"ops":[]}',
  })
  t.strictSame(decodeMessage(encodeMessage(message)), { ok: true, value: message })
})

t.test('what is sent is the body as it lies in the bytes, not a copy', async (t) => {
  const headers = { schema: 1, node: 'n1' }
  const envelope = { routingKey: 'k', messageId: 'id-1', timestampSeconds: 7, headers }
  const bytes = encodeMessage({ ...envelope, body: '{"é":\n1}' })
  const split = splitMessage(bytes)
  if (!split.ok) throw new Error(split.problem)
  const { body, ...rest } = split.value
  t.strictSame(rest, envelope)
  t.equal(Buffer.from(body).toString(), '{"é":\n1}')
  t.equal(body.buffer, bytes.buffer)
})

t.test('bytes that are no message are refused without a throw', async () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.equal(decodeMessage(bytes).ok, false)))
})

t.test('the statuses of any number of ops fit a message id', async (t) => {
  const all: OpStatus[] = []
  for (let i = 0; i < 1000; i++) all.push(i % 2 === 0 ? 'success' : 'error')
  t.ok(jobFactKey(foldStatuses(all)).length <= 120)
  t.not(jobFactKey(foldStatuses(all)), jobFactKey(foldStatuses(all.toReversed())))
  t.equal(jobFactKey(foldStatuses(['success', 'success', 'running', 'queued'])), '2s1r1q')
})
