import type { ChannelModel } from 'amqplib'
import { replyCode } from './problem.js'

const ACCESS_REFUSED = 403

/**
 * Makes sure that the exchange exists: declares it as a durable topic. A user who may not configure it (the usual one
 * where each cluster has its own) is content when somebody else has declared it.
 *
 * On channels of its own, for a refusal closes the channel. Rejects with the library's error, which has the reply code.
 */
export async function ensureExchange(model: ChannelModel, exchange: string): Promise<void> {
  try {
    await onOwnChannel(model, (channel) =>
      channel.assertExchange(exchange, 'topic', { durable: true }),
    )
  } catch (error) {
    if (replyCode(error) !== ACCESS_REFUSED) throw error
    const isThere = await onOwnChannel(model, (channel) => channel.checkExchange(exchange)).then(
      () => true,
      () => false,
    )
    if (!isThere) throw error
  }
}

async function onOwnChannel(
  model: ChannelModel,
  work: (channel: Awaited<ReturnType<ChannelModel['createChannel']>>) => Promise<unknown>,
): Promise<void> {
  const channel = await model.createChannel()
  // The rejection of `work` tells the same; without a listener it would end the process.
  channel.on('error', () => undefined)
  await work(channel)
  await channel.close()
}
