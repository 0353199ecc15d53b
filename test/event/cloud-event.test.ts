import t from 'tap'
import { cloudEvent } from '#event/cloud-event.js'
import { encodeEvent } from '#event/encode.js'

t.test('what we send is one CloudEvent, with the body as its data', async (t) => {
  const body = { type: 'ganeti-net-status', event_time: [1_795_190_419, 829_830] } as never
  const message = encodeEvent(
    { body, messageId: 'net.1', routingPrefix: 'vm1', subject: 'vm1.example.org' },
    { node: 'n1', cluster: 'c1' },
  )
  t.strictSame(JSON.parse(cloudEvent(message)), {
    specversion: '1.0',
    id: 'net.1',
    source: '/ganeti/c1',
    type: 'okeanid.ganeti-net-status',
    subject: 'vm1.example.org',
    time: '2026-11-20T16:00:19.829830Z',
    node: 'n1',
    routingkey: 'ganeti.vm1.event.net',
    datacontenttype: 'application/json',
    data: body,
  })
})

t.test('a message of Synnefo’s, without headers, is one as well', async (t) => {
  const message = {
    routingKey: 'ganeti.snf.event.op',
    messageId: '',
    headers: {},
    body: '{"type":"ganeti-op-status"}',
  }
  t.match(JSON.parse(cloudEvent(message)), {
    specversion: '1.0',
    source: '/ganeti',
    type: 'okeanid.ganeti-op-status',
    data: { type: 'ganeti-op-status' },
  })
})
