import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { decodeMessage } from '#event/codec.js'
import type { Message } from '#event/message.js'
import { formatHookFact, type NetFact } from '#event/net-fact.js'
import { openOutbox } from '#outbox/outbox.js'
import { askStatusSocket } from '#service/status-socket.js'
import { spoolFile, stampNow } from '#watch/spool-writer.js'
import { logged, openStage, type Stage, startAgent } from '../support/agent.js'
import { until } from '../support/until.js'

/** Nobody listens there: what is taken stays in the outbox. */
const noBroker = 'amqp://nobody:nothing@127.0.0.1:1/'
const uuid = '00000000-0000-4000-8000-000000000000'

function openNetStage(): Stage {
  const stage = openStage(noBroker)
  mkdirSync(spoolOf(stage), { recursive: true })
  return stage
}

const spoolOf = (stage: Stage): string => path.join(stage.directory, 'state/spool/net')

/** A hook that ran now, as the hooks role tells of it. */
function leave(stage: Stage, instance: string, values: Partial<NetFact> = {}): void {
  const { fileName } = stampNow()
  const fact: NetFact = {
    ...{ kind: 'net', id: fileName.replace('.json', ''), timeMs: Date.now() },
    ...{ opcode: 'OP_INSTANCE_SET_PARAMS', nameBefore: instance, instance },
    tags: ['synnefo:network:0:protected'],
    nics: [
      {
        ...{ index: 0, uuid: 'u-0', name: undefined, mac: 'aa:00:01:a4:eb:ce', ip: '192.0.2.3' },
        ...{ mode: 'bridged', link: 'br0', vlan: undefined, network: 'net-public' },
        subnet6: '2001:db8:1::/64',
      },
    ],
    ...values,
  }
  spoolFile(spoolOf(stage), fileName, formatHookFact(fact))
}

/** The job of an op that began long ago and ended, if it did, when the test is long over: however slow the machine is, hooks fall between. */
function jobOf(id: number, instance: string, status: 'running' | 'success'): string {
  const nowSeconds = Math.floor(Date.now() / 1000)
  const begin = [nowSeconds - 1000, 0]
  const end = status === 'success' ? [nowSeconds + 1000, 5] : null
  const input = { OP_ID: 'OP_INSTANCE_SET_PARAMS', instance_name: instance }
  const times = { start_timestamp: begin, exec_timestamp: begin, end_timestamp: end }
  const op = { input, status, result: null, log: [], ...times }
  return JSON.stringify({ id, received_timestamp: begin, ...times, ops: [op] })
}

async function emptied(stage: Stage): Promise<void> {
  await until(
    'an empty spool',
    () => (readdirSync(spoolOf(stage)).some((name) => name.endsWith('.json')) ? undefined : true),
    { deadlineMs: 240_000 },
  )
}

/** The messages about NICs that the outbox holds; the agent must have stopped. */
async function toldBy(stage: Stage): Promise<readonly Message[]> {
  await using outbox = await openOutbox({
    dir: path.join(stage.directory, 'state/events/outbox'),
    segmentBytes: 1 << 20,
  })
  const entries = await outbox.take({ maxCount: 10_000, maxBytes: 1 << 24 })
  return entries.flatMap(({ body }) => {
    const message = decodeMessage(body)
    return message.ok && message.value.routingKey.endsWith('.event.net') ? [message.value] : []
  })
}

t.test('NICs are told with the op that succeeds later, under its id', async (t) => {
  await using stage = openNetStage()
  {
    await using agent = startAgent(stage)
    await logged(agent, /watching/)
    leave(stage, 'snf-7')
    stage.write(5, jobOf(5, 'snf-7', 'running'))
    stage.write(6, jobOf(6, 'snf-8', 'running'))
    leave(stage, 'snf-8')
    stage.write(5, jobOf(5, 'snf-7', 'success'))
    await until(
      'one is told',
      () =>
        readdirSync(spoolOf(stage)).filter((name) => name.endsWith('.json')).length < 2 ||
        undefined,
    )
    stage.write(6, jobOf(6, 'snf-8', 'success'))
    await emptied(stage)
  }
  const told = await toldBy(stage)
  t.match(told, [
    {
      routingKey: 'ganeti.snf.event.net',
      messageId: new RegExp(`^net\\.${uuid}\\.5\\.0\\.success\\.\\d+\\.5$`),
    },
    { messageId: new RegExp(`^net\\.${uuid}\\.6\\.`) },
  ])
  t.match(JSON.parse(told[0]?.body ?? ''), {
    type: 'ganeti-net-status',
    instance: 'snf-7',
    operation: 'OP_INSTANCE_SET_PARAMS',
    jobId: 5,
    op_index: 0,
    nics: [
      {
        ...{ index: 0, ip: '192.0.2.3', mac: 'aa:00:01:a4:eb:ce', link: 'br0' },
        ...{ network: 'net-public', ipv6: '2001:db8:1:0:a800:1ff:fea4:ebce' },
        firewall: 'protected',
      },
    ],
  })
})

t.test('an op that was told before a restart is found in the queue', async (t) => {
  await using stage = openNetStage()
  const timeMs = Date.now()
  {
    await using agent = startAgent(stage)
    await logged(agent, /watching/)
    stage.write(5, jobOf(5, 'snf-7', 'success'))
    await until('the job is told', () => ledgerText(stage) || undefined)
  }
  leave(stage, 'snf-7', { timeMs })
  {
    await using agent = startAgent(stage)
    await logged(agent, /watching/)
    await emptied(stage)
  }
  t.match(await toldBy(stage), [{ messageId: new RegExp(`^net\\.${uuid}\\.5\\.`) }])
})

t.test('a node that is not the master keeps them for the case that it becomes it', async (t) => {
  await using stage = openNetStage()
  const master = path.join(stage.directory, 'var/lib/ganeti/ssconf_master_node')
  writeFileSync(master, 'n2\n')
  leave(stage, 'snf-7')
  stage.write(5, jobOf(5, 'snf-7', 'success'))
  {
    await using agent = startAgent(stage)
    await logged(agent, /is-not-master/)
    t.equal(readdirSync(spoolOf(stage)).length, 1)
    writeFileSync(master, 'n1\n')
    await emptied(stage)
  }
  t.match(await toldBy(stage), [{ messageId: new RegExp(`^net\\.${uuid}\\.5\\.`) }])
})

t.test('a thousand hooks at once are told once each, in the order of each instance', async (t) => {
  await using stage = openNetStage()
  for (let count = 0; count < 1000; count++)
    leave(stage, `snf-${count % 50}`, { tags: [String(count)] })
  for (let count = 0; count < 50; count++)
    stage.write(count + 1, jobOf(count + 1, `snf-${count}`, 'success'))
  {
    await using agent = startAgent(stage)
    await logged(agent, /started/)
    await emptied(stage)
  }
  const told = await toldBy(stage)
  t.equal(told.length, 1000)
  const last = new Map<string, number>()
  for (const { body } of told) {
    const {
      instance,
      event_time: [seconds, microseconds],
    } = JSON.parse(body) as {
      readonly instance: string
      readonly event_time: readonly [number, number]
    }
    const time = seconds * 1e6 + microseconds
    if ((last.get(instance) ?? 0) > time) t.fail(`${instance} went back`)
    last.set(instance, time)
  }
})

t.test(
  'an op without a hook waits for a configuration that cannot be read',
  { timeout: 400_000 },
  async (t) => {
    await using stage = openNetStage()
    const file = path.join(stage.directory, 'var/lib/ganeti/config.data')
    const instance = { name: 'snf-7', mtime: 1, serial_no: 1, tags: [], nics: [] }
    const whole = {
      cluster: { uuid },
      mtime: 1,
      instances: { u1: instance },
      disks: {},
      networks: {},
    }
    {
      await using agent = startAgent(stage)
      await logged(agent, /watching/)
      writeFileSync(file, `{"cluster": {"uuid": "${uuid}"}, "instances": {`) // not whole
      stage.write(5, jobOf(5, 'snf-7', 'success'))
      await logged(agent, /net-status-waits ops=1/)
      writeFileSync(file, JSON.stringify(whole))
      const counted = async () =>
        /net_status_unheard_total 1$/m.test(await metricsOf(stage)) || undefined
      await until('the NICs', counted, { deadlineMs: 240_000, everyMs: 200 })
      t.match(await metricsOf(stage), /net_status_unread_total [1-9]/)
    }
    t.match(await toldBy(stage), [{ messageId: new RegExp(`^net\\.${uuid}\\.5\\.`) }])
  },
)

t.test('what hooks lost is counted', async (t) => {
  await using stage = openNetStage()
  spoolFile(spoolOf(stage), stampNow().fileName, formatHookFact({ kind: 'gap', lostCount: 7 }))
  writeFileSync(path.join(spoolOf(stage), stampNow().fileName), 'nonsense')
  await using agent = startAgent(stage)
  await logged(agent, /hooks-lost.*lost=7/)
  await emptied(stage)
  t.equal(readdirSync(path.join(spoolOf(stage), 'bad')).length, 1)
})

async function metricsOf(stage: Stage): Promise<string> {
  const socket = path.join(stage.directory, 'run/events-role/status.sock')
  return await askStatusSocket(socket, '/metrics')
}

function ledgerText(stage: Stage): boolean {
  const file = path.join(stage.directory, 'state/events/ledger.json')
  return existsSync(file) && readFileSync(file, 'utf8').includes('[5,5]')
}
