import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { spoolEvent } from '#bin/spool-event.js'
import { decodeMessage } from '#event/codec.js'
import type { Message } from '#event/message.js'
import type { NodeFact } from '#event/node-fact.js'
import { openOutbox } from '#outbox/outbox.js'
import { logged, openStage, type Stage, startAgent } from '../support/agent.js'
import { until } from '../support/until.js'

/** Nobody listens there: what is taken stays in the outbox. */
const noBroker = 'amqp://nobody:nothing@127.0.0.1:1/'

const nic = {
  tap: 'tap0',
  mac: 'aa:00:00:00:00:01',
  index: 0,
  ...{ name: undefined, uuid: undefined, mode: 'bridged', link: 'br0' },
  ...{ ip: '192.0.2.10', ip6: undefined, network: 'pub' },
}
const up: NodeFact = { kind: 'nic', status: 'up', instance: 'snf-7', reason: undefined, nic }
const exited: NodeFact = {
  kind: 'instance',
  status: 'exited',
  instance: 'snf-7',
  reason: 'crashed',
}

const spoolOf = (stage: Stage): string => path.join(stage.directory, 'state/spool/nics')
const responderSpoolOf = (stage: Stage): string => path.join(stage.directory, 'run/spool/responder')

function openSpooledStage(): Stage {
  const stage = openStage(noBroker)
  for (const spool of [spoolOf(stage), responderSpoolOf(stage)])
    mkdirSync(spool, { recursive: true })
  return stage
}

async function emptied(directory: string): Promise<void> {
  await until('an empty spool', () =>
    readdirSync(directory).some((name) => name.endsWith('.json')) ? undefined : true,
  )
}

/** What the outbox holds; the agent must have stopped. */
async function outboxOf(stage: Stage): Promise<readonly Message[]> {
  await using outbox = await openOutbox({
    dir: path.join(stage.directory, 'state/events/outbox'),
    segmentBytes: 1 << 20,
  })
  const entries = await outbox.take({ maxCount: 100, maxBytes: 1 << 20 })
  return entries.flatMap(({ body }) => {
    const message = decodeMessage(body)
    return message.ok && !message.value.routingKey.startsWith('eventd') ? [message.value] : []
  })
}

t.test(
  'what was left while no agent ran becomes messages, in order, and the files go',
  async (t) => {
    await using stage = openSpooledStage()
    t.equal(spoolEvent(spoolOf(stage), up), 'written')
    spoolEvent(spoolOf(stage), exited)
    {
      await using agent = startAgent(stage)
      await logged(agent, /started/)
      await emptied(spoolOf(stage))
    }
    const [first, second, ...rest] = await outboxOf(stage)
    t.strictSame(rest, [])
    t.match(first, {
      routingKey: 'ganeti.snf.event.nic',
      messageId: /^nic\.n1\.[0-9a-f-]{36}\.\d+\.\d+$/,
    })
    t.match(JSON.parse(first?.body ?? ''), {
      type: 'ganeti-nic-status',
      cluster: 'bench',
      node: 'n1',
      instance: 'snf-7',
      status: 'up',
      reason: null,
      nic: { tap: 'tap0', mac: 'aa:00:00:00:00:01', uuid: null, ip: '192.0.2.10' },
    })
    t.match(second, { routingKey: 'ganeti.snf.event.instance' })
    t.match(JSON.parse(second?.body ?? ''), { status: 'exited', reason: 'crashed' })
  },
)

t.test('a fact that is told twice under one key has one id', async (t) => {
  await using stage = openSpooledStage()
  spoolEvent(responderSpoolOf(stage), { ...up, status: 'dhcp' }, { key: 'dhcp-17' })
  spoolEvent(responderSpoolOf(stage), { ...up, status: 'dhcp' }, { key: 'dhcp-17' })
  {
    await using agent = startAgent(stage)
    await logged(agent, /started/)
    await emptied(responderSpoolOf(stage))
  }
  const ids = (await outboxOf(stage)).map(({ messageId }) => messageId)
  t.match(ids, [/^nic\.n1\.[0-9a-f-]{36}\.dhcp-17$/, /^nic\.n1\./])
  t.equal(new Set(ids).size, 1)
})

t.test('a responder that says that a guest exited is not believed; nor is nonsense', async (t) => {
  await using stage = openSpooledStage()
  spoolEvent(responderSpoolOf(stage), exited)
  spoolEvent(spoolOf(stage), { ...up, status: 'dhcp' })
  spoolEvent(spoolOf(stage), up)
  writeFileSync(
    path.join(spoolOf(stage), '0d9c8f6e-1111-4222-8333-444455556666.00000000000000000001.1.json'),
    '{}',
  )
  {
    await using agent = startAgent(stage)
    await logged(agent, /spool-file-bad[\s\S]*spool-file-bad[\s\S]*spool-file-bad/)
    await emptied(spoolOf(stage))
    await emptied(responderSpoolOf(stage))
  }
  const messages = await outboxOf(stage)
  t.strictSame(
    messages.map(({ body }) => (JSON.parse(body) as { status: string }).status),
    ['up'],
  )
  t.equal(readdirSync(path.join(responderSpoolOf(stage), 'bad')).length, 1)
  t.equal(readdirSync(path.join(spoolOf(stage), 'bad')).length, 2)
})

t.test('where there is no broker nobody wants to know: the files just go', async (t) => {
  await using stage = openSpooledStage()
  const text = readFileSync(stage.configFile, 'utf8')
  writeFileSync(stage.configFile, text.replace(/^url = .*$/m, 'enabled = no'))
  spoolEvent(spoolOf(stage), up)
  {
    await using agent = startAgent(stage)
    await logged(agent, /started/)
    await emptied(spoolOf(stage))
  }
  t.strictSame(await outboxOf(stage), [])
})

t.test(
  'while the node is in no cluster its messages would carry no name, so they wait',
  async (t) => {
    await using stage = openSpooledStage()
    const addresses = path.join(stage.directory, 'var/lib/ganeti/ssconf_node_primary_ips')
    writeFileSync(addresses, 'n1 192.0.2.77\n')
    spoolEvent(spoolOf(stage), up)
    {
      await using agent = startAgent(stage)
      await logged(agent, /not-in-cluster/)
      writeFileSync(addresses, 'n1 127.0.0.1\n')
      await emptied(spoolOf(stage))
    }
    t.match(await outboxOf(stage), [{ messageId: /^nic\.n1\./ }])
  },
)
