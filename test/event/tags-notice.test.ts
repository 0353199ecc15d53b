import fc from 'fast-check'
import t from 'tap'
import { parseTagsNotice, tagsMessage, tagsNotice } from '#event/tags-notice.js'

const cluster = '4f7a2f5e-6f0e-4a37-9f0b-0d6b2a9c1e10'

t.test('a notice has the tags that concern NICs, and comes back as it was sent', async (t) => {
  const tags = ['okeanid:firewall:0:web', 'backup', 'synnefo:network:0:protected', 'owner:me']
  const notice = tagsNotice({ instance: 'vm1.example', node: 'n2.example', tags }, 1.5e9 + 0.25)
  t.same(notice.tags, ['okeanid:firewall:0:web', 'synnefo:network:0:protected'])
  const { routingKey, body, timestampSeconds } = tagsMessage(notice, cluster)
  t.equal(routingKey, 'okeanid.node.n2.example')
  t.equal(timestampSeconds, 1.5e9)
  t.same(parseTagsNotice(body), { ok: true, value: notice })
})

const good = {
  type: 'okeanid-instance-tags',
  instance: 'vm1.example',
  node: 'n2.example',
  tags: ['okeanid:firewall:0:web'],
  time: 1.5e9,
}
for (const changes of [
  { type: 'ganeti-op-status' },
  { instance: '../../etc/passwd' },
  { instance: '.hidden' },
  { instance: '' },
  { instance: 7 },
  { node: 'a/b' },
  { tags: 'okeanid:firewall:0:web' },
  { tags: [7] },
  { tags: ['a b'] },
  { tags: ['x'.repeat(129)] },
  { tags: Array.from({ length: 101 }, (_, i) => `t${i}`) },
  { time: 'now' },
  { time: -1 },
  { time: Number.NaN },
]) {
  t.test(`a notice is refused with ${JSON.stringify(changes).slice(0, 50)}`, async (t) => {
    t.equal(parseTagsNotice(JSON.stringify({ ...good, ...changes })).ok, false)
    t.equal(parseTagsNotice(JSON.stringify(good)).ok, true)
  })
}

t.test('nothing makes the reader of notices throw', async (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      t.equal(parseTagsNotice(text).ok, false)
    }),
  )
})
