import t from 'tap'
import { judgeStatus } from '#forward/outcome.js'
import { signature } from '#forward/poster.js'

const nowMs = Date.parse('2026-11-30T23:00:00Z')

const cases: readonly (readonly [number, string | undefined, object])[] = [
  [200, undefined, { kind: 'taken' }],
  [204, undefined, { kind: 'taken' }],
  [400, undefined, { kind: 'refused', why: 'status 400' }],
  [422, undefined, { kind: 'refused', why: 'status 422' }],
  [401, undefined, { kind: 'again', why: 'status 401', afterMs: undefined }],
  [404, undefined, { kind: 'again', why: 'status 404', afterMs: undefined }],
  [429, '30', { kind: 'again', why: 'status 429', afterMs: 30_000 }],
  [503, 'Mon, 30 Nov 2026 23:00:05 GMT', { kind: 'again', why: 'status 503', afterMs: 5000 }],
  [503, 'soon', { kind: 'again', why: 'status 503', afterMs: undefined }],
  [503, '999999', { kind: 'again', why: 'status 503', afterMs: 600_000 }],
  [500, 'Mon, 30 Nov 2026 22:00:00 GMT', { kind: 'again', why: 'status 500', afterMs: undefined }],
]

for (const [status, retryAfter, outcome] of cases)
  t.test(`status ${status}, Retry-After ${retryAfter}`, async (t) => {
    t.strictSame(judgeStatus(status, { retryAfter, nowMs }), outcome)
  })

t.test('a redirection is not followed, and says where to', async (t) => {
  t.strictSame(judgeStatus(301, { location: 'https://other/', nowMs }), {
    kind: 'again',
    why: 'status 301, to https://other/: set url to that',
  })
})

t.test('the signature is what docs/consumers.md checks it by', async (t) => {
  // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac hush
  const digest = '7cfd1df542c33ab7251748ffdc6e7fed278c63b83d4ece95a4534b0ad465571b'
  t.strictSame(signature(Buffer.from('{"a":1}'), 'hush', 1_700_000_000), {
    'okeanid-signature': `t=1700000000,v1=${digest}`,
  })
  t.strictSame(signature(Buffer.from('{}'), undefined), {})
})
