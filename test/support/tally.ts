import { connect } from 'amqplib'

/** Counts the final statuses that arrive on exchange `ganeti`. */
export interface Tally extends AsyncDisposable {
  /** Job number -> how often a final status of its op arrived. */
  readonly finalOps: ReadonlyMap<number, number>
  /** Job number -> how often its own final status arrived. */
  readonly finalJobs: ReadonlyMap<number, number>
  readonly messageCount: () => number
}

/** A queue's name for a tally whose broker is stopped in between. */
export const lastingQueue = `tally-${process.pid}`

/**
 * Binds a queue of its own to everything and counts what comes. Without a name the queue ends with the tally; a named one
 * stays, and the next tally with this name counts what has come meanwhile, also over a restart of the broker.
 */
export async function openTally(url: string, name?: string): Promise<Tally> {
  const finalOps = new Map<number, number>()
  const finalJobs = new Map<number, number>()
  let messageCount = 0
  const model = await connect(url, { noDelay: true })
  let isClosing = false
  model.on('error', (error) => {
    if (!isClosing)
      throw new Error('the tally lost its connection, and with it what it would have counted', {
        cause: error,
      })
  })
  const channel = await model.createChannel()
  await channel.assertExchange('ganeti', 'topic', { durable: true })
  const { queue } = await channel.assertQueue(
    name ?? '',
    name === undefined ? { exclusive: true } : { durable: true },
  )
  await channel.bindQueue(queue, 'ganeti', '#')
  await channel.consume(
    queue,
    (message) => {
      messageCount++
      const [kind, , job = '', , status = ''] = String(message?.properties.messageId).split('.')
      if (kind === 'op' && status === 'success') count(finalOps, Number(job))
      if (kind === 'job' && String(message?.properties.messageId).endsWith('.1s'))
        count(finalJobs, Number(job))
    },
    { noAck: true },
  )
  return {
    finalOps,
    finalJobs,
    messageCount: () => messageCount,
    async [Symbol.asyncDispose]() {
      isClosing = true
      await model.close().catch(() => undefined)
    },
  }
}

function count(counts: Map<number, number>, job: number): void {
  counts.set(job, (counts.get(job) ?? 0) + 1)
}

/** Of the jobs from `first` to `last`: how many did not arrive, and how many arrived more than once. */
export function compare(
  counts: ReadonlyMap<number, number>,
  { first, last }: { readonly first: number; readonly last: number },
): { readonly lost: number; readonly twice: number } {
  let lost = 0
  let twice = 0
  for (let job = first; job <= last; job++) {
    const times = counts.get(job) ?? 0
    if (times === 0) lost++
    if (times > 1) twice++
  }
  return { lost, twice }
}
