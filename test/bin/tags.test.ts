import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { connect } from 'amqplib'
import t from 'tap'
import { nodeRoutingKey } from '#event/tags-notice.js'
import { labUnavailable } from '../lab/command.js'
import { logged, openStage, type Stage, startAgent } from '../support/agent.js'
import { jobText } from '../support/job-text.js'
import { startRabbitmq } from '../support/rabbitmq.js'
import { until } from '../support/until.js'

const vm = 'vm1.bench.example'

/** What the master's configuration says, with these tags of the instance. */
function writeTags(stage: Stage, primary: string, tags: readonly string[]): void {
  const config = {
    cluster: { uuid: '00000000-0000-4000-8000-000000000000' },
    nodes: { a: { name: 'n1' }, b: { name: 'n2' } },
    instances: { i: { name: vm, primary_node: primary, tags } },
  }
  writeFileSync(path.join(stage.directory, 'var/lib/ganeti/config.data'), JSON.stringify(config))
}

/** A job that has set tags of the instance. */
function tagsJob(id: number): string {
  const job = JSON.parse(jobText(id, 'success', Date.now())) as { ops: { input: object }[] }
  const [op] = job.ops
  if (op !== undefined) op.input = { OP_ID: 'OP_TAGS_SET', kind: 'instance', name: vm, tags: ['x'] }
  return JSON.stringify(job)
}

/** A node of the same cluster that is neither master nor candidate. */
function openOtherNode(url: string): Stage {
  const stage = openStage(url)
  const data = path.join(stage.directory, 'var/lib/ganeti')
  writeFileSync(path.join(data, 'ssconf_node_primary_ips'), 'n1 192.0.2.1\nn2 127.0.0.1\n')
  writeFileSync(path.join(data, 'config.data'), '')
  return stage
}

interface Told {
  readonly tags: readonly string[]
  readonly time: number
}

/** What the nics role of a node finds. */
function told(stage: Stage): Told | undefined {
  const file = path.join(stage.directory, `state/spool/desired/${vm}.json`)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Told) : undefined
}

async function has(stage: Stage, tags: readonly string[]): Promise<void> {
  await until(`tags ${tags.join(' ')} of ${stage.directory}`, () =>
    JSON.stringify(told(stage)?.tags) === JSON.stringify(tags) ? true : undefined,
  )
}

t.test(
  'a changed tag reaches the primary node, which is no master candidate',
  { skip: labUnavailable() ?? false, timeout: 180_000 },
  async (t) => {
    await using rabbitmq = await startRabbitmq()
    await using master = openStage(rabbitmq.url)
    await using node = openOtherNode(rabbitmq.url)
    writeTags(master, 'b', ['okeanid:firewall:0:protected'])
    await using masterAgent = startAgent(master)
    {
      await using nodeAgent = startAgent(node)
      await Promise.all([logged(masterAgent, /watching/), logged(nodeAgent, /is-not-master/)])
      await until('the queue of the node', async () =>
        (await rabbitmq.ctl(['list_queues', 'name'])).includes('okeanid.node.bench.n2')
          ? true
          : undefined,
      )
      master.write(1, tagsJob(1))
      await has(node, ['okeanid:firewall:0:protected'])

      await t.test('also when Ganeti writes its configuration after the job', async () => {
        const before = told(node)?.time
        master.write(2, tagsJob(2))
        await until(
          'what it had before, told again',
          () => told(node)?.time !== before || undefined,
        )
        writeTags(master, 'b', ['okeanid:firewall:0:limited'])
        await has(node, ['okeanid:firewall:0:limited'])
      })

      await t.test('but not from any other user of the broker', async (t) => {
        await rabbitmq.ctl(['add_user', 'mallory', 'x'])
        await rabbitmq.ctl(['set_permissions', 'mallory', '.*', '.*', '.*'])
        const url = new URL(rabbitmq.url)
        url.username = 'mallory'
        url.password = 'x'
        const model = await connect(url.href)
        const channel = await model.createConfirmChannel()
        const forged = { type: 'okeanid-instance-tags', instance: vm, node: 'n2', tags: [] }
        const body = Buffer.from(JSON.stringify({ ...forged, time: Date.now() / 1000 + 3600 }))
        channel.publish('ganeti', nodeRoutingKey('n2'), body, { userId: 'mallory' })
        channel.publish('ganeti', nodeRoutingKey('n2'), body)
        await channel.waitForConfirms()
        await logged(nodeAgent, /refused[\s\S]*refused/)
        await model.close()
        t.same(told(node)?.tags, ['okeanid:firewall:0:limited'])
      })
    }
    await t.test('and when the node was away meanwhile, the newest ones', async () => {
      for (const [id, profile] of [
        [3, 'unprotected'],
        [4, 'protected'],
      ] as const) {
        writeTags(master, 'b', [`okeanid:firewall:0:${profile}`])
        master.write(id, tagsJob(id))
      }
      await using _nodeAgent = startAgent(node)
      await has(node, ['okeanid:firewall:0:protected'])
    })
    await t.test('a user who may not have the queue is told of it', async (t) => {
      const url = new URL(rabbitmq.url)
      url.username = 'mallory'
      url.password = 'x'
      await rabbitmq.ctl(['set_permissions', 'mallory', '^ganeti$', '.*', '.*'])
      await using refused = openOtherNode(url.href)
      await using agent = startAgent(refused)
      t.match(await logged(agent, /node-queue-waiting.*/), /okeanid\.node\.bench\.n2/)
    })
    await t.test('of an instance of the master itself without the broker', async () => {
      await rabbitmq.stop()
      writeTags(master, 'a', ['okeanid:firewall:0:web'])
      master.write(5, tagsJob(5))
      await has(master, ['okeanid:firewall:0:web'])
    })
  },
)
