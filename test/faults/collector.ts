import { type ConsumeMessage, connect } from 'amqplib'
import { openNicBook } from './nic-messages.js'
import { isFinalStatus, jobFact, opFact } from './oracle.js'

/** What came from one cluster. */
export interface Arrivals {
  readonly facts: ReadonlySet<string>
  /** Messages that came again, under the id of one that had come. */
  readonly duplicates: () => number
  /** Pairs of messages that came in the wrong order, of one node about one instance, repeats left out. */
  readonly disorders: readonly string[]
  /** Ids under which two different facts came. */
  readonly clashes: readonly string[]
  readonly messageCount: () => number
}

/** The queue of a row: it keeps what is sent while nobody looks, also over a restart of the broker. */
export interface Collector extends AsyncDisposable {
  readonly from: (cluster: string) => Arrivals
  /** Everything that came so far was looked at for so long: nothing more is on its way. */
  readonly quietMs: () => number
}

/** When an op ended among those of its cluster: what is smaller came first. Undefined: unknown, and then not compared. */
export type EndOrder = (op: {
  readonly cluster: string
  readonly jobId: number
  readonly opIndex: number
  readonly time: unknown
}) => number | undefined

/** Makes the durable queue of a row, bound to everything, before anything of the row is sent. */
export async function declareQueue(url: string, queue: string): Promise<void> {
  await using broker = await openModel(url)
  const channel = await broker.model.createChannel()
  await channel.assertExchange('ganeti', 'topic', { durable: true })
  await channel.deleteQueue(queue)
  await channel.assertQueue(queue, { durable: true })
  await channel.bindQueue(queue, 'ganeti', '#')
}

/** Takes what lies in the queue and what comes, until it is closed; then the queue is deleted. */
export async function collect(
  url: string,
  {
    queue,
    endOrder,
    hasNicFacts,
  }: { readonly queue: string; readonly endOrder: EndOrder; readonly hasNicFacts: boolean },
): Promise<Collector> {
  const books = new Map<string, Book>()
  const broker = await openModel(url)
  const channel = await broker.model.createChannel()
  let lastMs = performance.now()
  const bookOf = (cluster: string): Book => {
    const book = books.get(cluster) ?? openBook(endOrder, hasNicFacts)
    books.set(cluster, book)
    return book
  }
  await channel.consume(
    queue,
    (message) => {
      if (message === null) return
      lastMs = performance.now()
      const body = JSON.parse(message.content.toString('utf8')) as Body
      if (body['type'] !== 'eventd-heartbeat') bookOf(String(body['cluster'])).enter(message, body)
    },
    { noAck: true },
  )
  return {
    from: bookOf,
    quietMs: () => performance.now() - lastMs,
    async [Symbol.asyncDispose]() {
      await channel.deleteQueue(queue)
      await broker[Symbol.asyncDispose]()
    },
  }
}

type Body = Readonly<Record<string, unknown>>

interface Book extends Arrivals {
  enter(message: ConsumeMessage, body: Body): void
}

function openBook(endOrder: EndOrder, hasNicFacts: boolean): Book {
  const facts = new Set<string>()
  const ids = new Map<string, string>()
  const told = new Set<string>()
  const newest = new Map<string, { readonly at: number; readonly fact: string }>()
  const ranks = new Map<string, number>()
  const nics = openNicBook()
  const disorders: string[] = []
  const clashes: string[] = []
  let messageCount = 0

  /** Only the first arrival of a fact from a node counts: what is sent again, consumers drop. */
  function checkOrder(node: string, body: Body, fact: string): void {
    const from = `${node} ${fact}`
    if (told.has(from)) return
    told.add(from)
    const op = `${node} ${body['jobId']}.${body['op_index']}`
    const rank = rankOf(body['status'])
    if ((ranks.get(op) ?? 0) > rank)
      disorders.push(`${fact} came from ${node} after a later status`)
    ranks.set(op, Math.max(rank, ranks.get(op) ?? 0))
    if (!isFinalStatus(body['status'])) return
    const { cluster, jobId, op_index: opIndex, event_time: time, instance } = body
    const at = endOrder({
      cluster: String(cluster),
      jobId: Number(jobId),
      opIndex: Number(opIndex),
      time,
    })
    const before = newest.get(`${node} ${instance}`)
    if (at === undefined) return
    if (before !== undefined && before.at > at)
      disorders.push(`${instance} of ${node}: ${before.fact} came before ${fact}`)
    newest.set(`${node} ${instance}`, { at, fact })
  }

  return {
    facts,
    get disorders() {
      return [...disorders, ...(hasNicFacts ? nics.disorders : [])]
    },
    get clashes() {
      return [...clashes, ...(hasNicFacts ? nics.clashes : [])]
    },
    duplicates: () => messageCount - ids.size,
    messageCount: () => messageCount,
    enter({ properties }, body) {
      messageCount += 1
      const id = String(properties.messageId)
      const isNics = body['type'] === 'ganeti-net-status'
      const fact = isNics ? nics.enter(id, body) : factOf(body)
      const before = ids.get(id)
      if (before !== undefined && before !== fact) clashes.push(`${id}: ${before}; ${fact}`)
      ids.set(id, fact)
      if (isNics || isFinalStatus(body['status'])) facts.add(fact)
      if (body['type'] === 'ganeti-op-status')
        checkOrder(String(properties.headers?.['node']), body, fact)
    },
  }
}

function factOf(body: Body): string {
  const { type, jobId, status, op_index: opIndex, ops } = body
  if (type !== 'ganeti-job-status') return jobId === undefined ? '' : opFact(jobId, opIndex, status)
  return jobFact(jobId, Array.isArray(ops) ? ops.map((op: Body) => op['status']) : [])
}

/** An op goes only up; `waiting` again after `running` is no news to the agent. */
function rankOf(status: unknown): number {
  return isFinalStatus(status)
    ? 5
    : ['queued', 'waiting', 'running', 'canceling'].indexOf(String(status)) + 1
}

async function openModel(
  url: string,
): Promise<AsyncDisposable & { readonly model: Awaited<ReturnType<typeof connect>> }> {
  const model = await connect(url, { noDelay: true })
  let isClosing = false
  model.on('error', (error) => {
    if (!isClosing) throw new Error('lost the broker while counting', { cause: error })
  })
  return {
    model,
    async [Symbol.asyncDispose]() {
      isClosing = true
      await model.close().catch(() => undefined)
    },
  }
}
