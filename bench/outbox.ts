/**
 * A backlog of a million messages: how long the events role takes to start with it, how fast it drains to a real RabbitMQ on this host, and
 * how much memory that takes; the same number of messages by bare amqplib to the same broker in the same run. And what one append costs
 * over a bare write with fdatasync.
 *
 *     node dist/bench/outbox.js [messages, 1000000] [rounds of the comparison, 3]
 *
 * The role is the program that the unit runs, with the unit's flags, on a directory that is written as Ganeti writes it. Rounds of 100,000
 * messages, or fewer, go in turns: role, amqplib. The queue keeps the last 10,000, so that the broker's disk is not what is measured.
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { connect } from 'amqplib'
import { encodeMessage } from '#event/codec.js'
import type { Message } from '#event/message.js'
import { openOutbox } from '#outbox/outbox.js'
import { askStatusSocket } from '#service/status-socket.js'
import { openStage, type Stage, startAgent } from '../test/support/agent.js'
import { startRabbitmq } from '../test/support/rabbitmq.js'
import { until } from '../test/support/until.js'
import { cpuMs, printTable, quantile, rssMebibytes } from './harness.js'

const [, , countText = '1000000', roundsText = '3'] = process.argv
const count = Number(countText)
const window = 256

/** A message as the role makes them for a job's op, of about the same size. */
function message(number: number): Message {
  const id = `op.00000000-0000-4000-8000-000000000000.${number}.0.s.1700000000000000`
  const instance = `vm${number % 1000}.example.org`
  return {
    routingKey: 'ganeti.snf.event.op',
    messageId: id,
    timestampSeconds: 1_700_000_000,
    headers: {
      schema: 1,
      node: 'n1',
      'cloudEvents:specversion': '1.0',
      'cloudEvents:id': id,
      'cloudEvents:type': 'okeanid.ganeti-op-status',
      'cloudEvents:source': '/ganeti/bench',
      'cloudEvents:subject': instance,
      'cloudEvents:time': '2026-01-01T00:00:00.000000Z',
    },
    body: JSON.stringify({
      type: 'ganeti-op-status',
      event_time: [1_700_000_000, 0],
      jobId: number,
      operation: 'OP_INSTANCE_STARTUP',
      status: 'success',
      instance,
      cluster: 'bench',
      logmsg: createHash('sha256').update(id).digest('hex'),
    }),
  }
}

async function fill(stage: Stage, messages: number): Promise<void> {
  await using outbox = await openOutbox({ dir: path.join(stage.directory, 'state/events/outbox') })
  const batch = 2000
  for (let from = 0; from < messages; from += batch) {
    const size = Math.min(batch, messages - from)
    await outbox.append(
      Array.from({ length: size }, (_, index) => encodeMessage(message(from + index))),
    )
  }
}

interface Drained {
  readonly startSeconds: number
  readonly perSecond: number
  readonly peakMebibytes: number
  readonly cpuMicroseconds: number
}

/** Starts the role on a stage and waits until its outbox is empty. */
async function drainByRole(stage: Stage, messages: number): Promise<Drained> {
  const socket = path.join(stage.directory, 'run/events-role/status.sock')
  let samplerProblem = ''
  const status = async () => {
    if (samplerProblem !== '') throw new Error(samplerProblem)
    try {
      return JSON.parse(await askStatusSocket(socket, '/status'))
    } catch {
      return undefined
    }
  }
  const startMs = performance.now()
  await using agent = startAgent(stage)
  let peakMebibytes = 0
  const sampler = setInterval(() => {
    try {
      peakMebibytes = Math.max(peakMebibytes, rssMebibytes(agent.pid))
    } catch {
      samplerProblem = `the role has ended: ${agent.log()}`
    }
  }, 50)
  try {
    const first = await until('the status', status, { deadlineMs: 60_000, everyMs: 5 })
    const startSeconds = (performance.now() - startMs) / 1000
    if (first.outbox.backlogMessages === 0)
      throw new Error('the backlog was gone before it was seen')
    const connected = async () =>
      (await status())?.broker.state === 'connected' ? true : undefined
    await until('the connection', connected, { deadlineMs: 60_000, everyMs: 5 })
    const fromMs = performance.now()
    const empty = async () => ((await status())?.outbox.backlogMessages === 0 ? true : undefined)
    await until('an empty outbox', empty, { deadlineMs: 1_200_000, everyMs: 50 })
    const seconds = (performance.now() - fromMs) / 1000
    return {
      startSeconds,
      perSecond: messages / seconds,
      peakMebibytes,
      cpuMicroseconds: (cpuMs(agent.pid) * 1000) / messages,
    }
  } finally {
    clearInterval(sampler)
  }
}

/** The least that must be done: the same messages, made beforehand, published with confirms, so many under way. */
async function publishBare(url: string, messages: number): Promise<number> {
  const model = await connect(url)
  const channel = await model.createConfirmChannel()
  const ready = Array.from({ length: 1000 }, (_, index) => {
    const { routingKey, body, headers, messageId, timestampSeconds: timestamp } = message(index)
    const properties = { persistent: true, mandatory: true, headers, messageId, timestamp }
    return { routingKey, bytes: Buffer.from(body), properties }
  })
  const fromMs = performance.now()
  await new Promise<void>((resolve, reject) => {
    let sent = 0
    let confirmed = 0
    const send = () => {
      const one = ready[sent % ready.length]
      if (one === undefined || sent >= messages) return
      sent += 1
      channel.publish('ganeti', one.routingKey, one.bytes, one.properties, (error) => {
        if (error) return reject(error)
        confirmed += 1
        if (confirmed === messages) resolve()
        else send()
      })
    }
    for (let index = 0; index < window; index++) send()
  })
  const seconds = (performance.now() - fromMs) / 1000
  await model.close()
  return messages / seconds
}

/** Milliseconds of one append, and of one bare write with fdatasync of the same bytes, in turns. */
async function compareAppends(appends: number): Promise<readonly [number, number]> {
  const dir = mkdtempSync(path.join(tmpdir(), 'okeanid-bench-'))
  try {
    await using outbox = await openOutbox({ dir: path.join(dir, 'outbox') })
    await using file = await open(path.join(dir, 'bare'), 'w')
    const ours: number[] = []
    const bare: number[] = []
    let position = 0
    for (let number = 0; number < appends; number++) {
      const bytes = encodeMessage(message(number))
      let startMs = performance.now()
      await outbox.append([bytes])
      ours.push(performance.now() - startMs)
      startMs = performance.now()
      await file.write(bytes, 0, bytes.length, position)
      await file.datasync()
      bare.push(performance.now() - startMs)
      position += bytes.length
    }
    return [quantile(ours, 0.5), quantile(bare, 0.5)]
  } finally {
    rmSync(dir, { recursive: true })
  }
}

await using broker = await startRabbitmq()
const model = await connect(broker.url)
model.on('error', () => {}) // the broker is killed at the end
const channel = await model.createChannel()
await channel.assertExchange('ganeti', 'topic', { durable: true })
await channel.assertQueue('bench', { durable: true, arguments: { 'x-max-length': 10_000 } })
await channel.bindQueue('bench', 'ganeti', '#')

const [ours, bare] = await compareAppends(500)
const rounds: { readonly role: Drained; readonly peer: number }[] = []
const roundCount = Math.min(100_000, count)
for (let round = 0; round < Number(roundsText); round++) {
  await using stage = openStage(broker.url)
  await fill(stage, roundCount)
  const role = await drainByRole(stage, roundCount)
  rounds.push({ role, peer: await publishBare(broker.url, roundCount) })
}
await using stage = openStage(broker.url)
await fill(stage, count)
const million = await drainByRole(stage, count)
await model.close()

const rates = rounds.map(({ role, peer }) => [
  role.perSecond.toFixed(0),
  peer.toFixed(0),
  (role.perSecond / peer).toFixed(2),
  role.cpuMicroseconds.toFixed(0),
  role.peakMebibytes.toFixed(0),
])
printTable(
  [
    'role, messages/s',
    'amqplib, messages/s',
    'role ÷ amqplib',
    'CPU of the role, µs a message',
    'peak MiB',
  ],
  rates,
)
printTable(
  ['what', 'measured', 'wanted'],
  [
    [
      `start with ${count} messages, until the status answers`,
      `${million.startSeconds.toFixed(2)} s`,
      '≤ 5 s',
    ],
    [`drain of ${count}`, `${million.perSecond.toFixed(0)} messages/s`, '≥ 5,000'],
    [
      'peak of resident memory meanwhile',
      `${million.peakMebibytes.toFixed(0)} MiB`,
      '≤ 150 MB (143 MiB)',
    ],
    [
      'append of one message, p50, over a bare write with fdatasync',
      `${(ours / bare).toFixed(2)} (${ours.toFixed(2)} ms)`,
      '',
    ],
  ],
)
