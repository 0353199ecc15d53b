import { Socket } from 'node:net'
import { connect } from 'amqplib'
import t from 'tap'
import { batchWrites, writeBufferBytes } from '#broker/batched-writes.js'
import { labUnavailable } from '../lab/command.js'
import { startRabbitmq } from '../support/rabbitmq.js'

const count = 200
const body = Buffer.alloc(500)
const options = { noDelay: true, highWaterMark: writeBufferBytes }

t.test(
  'what is published in one turn leaves in a few system calls',
  { skip: labUnavailable() ?? false },
  async (t) => {
    await using broker = await startRabbitmq()
    for (const { what, isBatched, isRight } of [
      { what: 'batched', isBatched: true, isRight: (calls: number) => calls <= 20 },
      // the control: should amqplib come to do it itself, ours can go
      { what: 'as amqplib does it', isBatched: false, isRight: (calls: number) => calls >= count },
    ]) {
      await t.test(what, async (t) => {
        const model = await connect(broker.url, options)
        const channel = await model.createConfirmChannel()
        const { queue } = await channel.assertQueue('', { exclusive: true })
        const writes = isBatched ? batchWrites(model) : () => {}
        const calls = t.captureFn(Socket.prototype._write ?? (() => {}))
        const together = t.captureFn(Socket.prototype._writev ?? (() => {}))
        t.intercept(Socket.prototype, '_write', {
          value: calls,
          writable: true,
          configurable: true,
        })
        t.intercept(Socket.prototype, '_writev', {
          value: together,
          writable: true,
          configurable: true,
        })
        for (let index = 0; index < count; index += 1) {
          writes()
          channel.sendToQueue(queue, body)
        }
        await channel.waitForConfirms()
        const made = calls.calls.length + together.calls.length
        t.ok(isRight(made), `${made} calls for ${count} messages`)
        t.equal((await channel.checkQueue(queue)).messageCount, count)
        await model.close()
      })
    }
  },
)
