import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { connect } from 'amqplib'
import t from 'tap'
import { labUnavailable } from '../lab/command.js'
import { logged, openStage, type Stage, startAgent } from '../support/agent.js'
import { startRabbitmq } from '../support/rabbitmq.js'
import { until } from '../support/until.js'

/** Runs what snf-image calls, to its end. */
async function install(stage: Stage, input: string): Promise<number | null> {
  const child = spawn('hooks/okeanid-progress-monitor', ['-c', stage.configFile, 'snf-42'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: process.env['PATH'] ?? '', NODE_OPTIONS: '--no-such-option' },
  })
  child.stdin.end(input)
  return await new Promise((resolve) => child.once('close', resolve))
}

t.test(
  'what an install says while the agent is down, and while it runs, arrives in order',
  { skip: labUnavailable() ?? false, timeout: 180_000 },
  async (t) => {
    await using broker = await startRabbitmq()
    await using stage = openStage(broker.url)
    const spool = path.join(stage.directory, 'state/spool/progress')
    mkdirSync(spool, { recursive: true })
    const model = await connect(broker.url)
    await using _closing = { [Symbol.asyncDispose]: () => model.close() } // before the broker stops
    const channel = await model.createChannel()
    await channel.assertExchange('ganeti', 'topic', { durable: true })
    const { queue } = await channel.assertQueue('snf-events-progress')
    await channel.bindQueue(queue, 'ganeti', 'ganeti.snf.event.progress')
    const arrived: { readonly body: Record<string, unknown>; readonly id: string }[] = []
    await channel.consume(queue, (message) => {
      if (message === null) return
      const body = JSON.parse(message.content.toString()) as Record<string, unknown>
      arrived.push({ body, id: String(message.properties.messageId) })
      channel.ack(message)
    })

    const copy = (progress: number) => `{"type":"image-copy-progress","progress":${progress}}\n`
    t.equal(await install(stage, copy(1) + copy(100)), 0)
    t.equal(readdirSync(spool).length, 2)
    await using agent = startAgent(stage)
    await logged(agent, /watching/)
    t.equal(await install(stage, '{"type":"image-error","messages":["disk too small"]}'), 0)
    await until('three messages', () => (arrived.length >= 3 ? true : undefined), {
      deadlineMs: 60_000,
    })
    t.match(
      arrived.map(({ body }) => body),
      [
        { type: 'image-copy-progress', progress: 1, instance: 'snf-42', node: 'n1' },
        { type: 'image-copy-progress', progress: 100, instance: 'snf-42', cluster: 'bench' },
        { type: 'image-error', messages: ['disk too small'], instance: 'snf-42' },
      ],
    )
    t.equal(new Set(arrived.map(({ id }) => id)).size, 3)
    await until('an empty spool', () => (readdirSync(spool).length === 0 ? true : undefined))
  },
)
