import { createRequire } from 'node:module'
import path from 'node:path'
import type { ConfirmChannel } from 'amqplib'
import t from 'tap'
import { publish } from '#broker/publish.js'

const require = createRequire(import.meta.url)
/** Inside amqplib, which exports none of it. */
const inside = (name: string) =>
  require(path.join(path.dirname(require.resolve('amqplib')), 'lib', name))
const { ConfirmChannel: Channel } = inside('channel_model.js')
const { BasicPublish, BasicProperties, encodeMethod, encodeProperties } = inside('defs.js')

const publishing = {
  exchange: 'ganeti',
  routingKey: 'ganeti.snf.event.op',
  content: Buffer.from('{"é":1}'),
  properties: {
    contentType: 'application/json',
    appId: 'okeanid',
    messageId: 'op.1',
    timestamp: 1_700_000_000,
    headers: { schema: 1, node: 'n1', 'cloudEvents:id': 'op.1', 'cloudEvents:subject': 'é' },
  },
  onConfirm: () => {},
}

/** A channel of amqplib's without a broker, and the frames' bytes that it would write. */
function openChannel(): { readonly channel: ConfirmChannel; readonly frames: () => string[] } {
  const frames: string[] = []
  const channel = new Channel({
    // channel, method, its fields, class, its properties, content: as lib/connection.js writes them
    sendMessage(...given: readonly unknown[]) {
      const [, , fields, , properties, content] = given
      if (!(content instanceof Buffer)) throw new Error('no content')
      const method = encodeMethod(BasicPublish, 1, fields)
      const header = encodeProperties(BasicProperties, 1, content.length, properties)
      frames.push(...[method, header, content].map((frame) => Buffer.from(frame).toString('hex')))
    },
  })
  return { channel, frames: () => frames }
}

for (const { name, more } of [
  { name: 'without a user', more: {} },
  { name: 'with a user', more: { userId: 'okeanid' } },
])
  t.test(`writes the same frames as amqplib's publish, ${name}`, async (t) => {
    const ours = openChannel()
    const theirs = openChannel()
    const properties = { ...publishing.properties, ...more }
    publish(ours.channel, { ...publishing, properties })
    const { exchange, routingKey, content, onConfirm } = publishing
    const options = { ...properties, persistent: true, mandatory: true }
    theirs.channel.publish(exchange, routingKey, content, options, onConfirm)
    t.equal(ours.frames().length, 3)
    t.strictSame(ours.frames(), theirs.frames())
  })

t.test('this amqplib has what it goes by', async (t) => {
  const { channel } = openChannel()
  channel.publish = () => t.fail('the slow way')
  publish(channel, publishing)
})
